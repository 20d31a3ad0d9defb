/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a rule looks at, as the file tells of it: one condition, or lists of them. */

#include <string.h>

#include "base/error.h"
#include "cameras/cameras-private.h"

#define MOST_CONDITIONS 100     /* of a list */

L4Condition *
l4_condition_new (const yaml_node_t *node)
{
  L4Condition *self = g_new0 (L4Condition, 1);

  self->line = l4_yaml_line (node);
  self->compare = L4_COMPARE_AT_LEAST;
  return self;
}

void
l4_condition_free (L4Condition *self)
{
  if (self == NULL)
    return;
  g_free (self->pointer);
  g_free (self->question);
  g_free (self->value);
  g_free (self);
}

static gboolean
read_compare (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const char *const names[] = {
    [L4_COMPARE_GREATER] = ">",[L4_COMPARE_AT_LEAST] = ">=",[L4_COMPARE_LESS] = "<",[L4_COMPARE_AT_MOST] = "<=",
    [L4_COMPARE_EQUAL] = "==",[L4_COMPARE_UNEQUAL] = "!=",[L4_COMPARE_CONTAINS] = "contains"
  };
  const char *text = l4_yaml_scalar (node, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (names[i], text) == 0) {
      *(L4Compare *) field = i;
      return TRUE;
    }
  return l4_yaml_fail (self, node, key, error, _("must be one of \">\", \">=\", \"<\", \"<=\", \"==\", \"!=\" and contains, in quotation marks"));
}

/* RFC 6901: empty, or a slash before each step, and ~ only in ~0 and ~1. A step * takes any element, and stands for nothing else. */
static gboolean
read_pointer (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *pointer;

  if (!l4_yaml_read_text (self, node, key, field, error))
    return FALSE;
  pointer = *(char **) field;
  if (*pointer != '\0' && *pointer != '/')
    return l4_yaml_fail (self, node, key, error, _("must begin with a slash, as in /text"));
  for (const char *c = strchr (pointer, '~'); c != NULL; c = strchr (c + 1, '~'))
    if (c[1] != '0' && c[1] != '1')
      return l4_yaml_fail (self, node, key, error, _("has a ~ that is neither ~0 nor ~1"));
  for (const char *c = strchr (pointer, '*'); c != NULL; c = strchr (c + 1, '*'))
    if (c[-1] != '/' || (c[1] != '\0' && c[1] != '/'))
      return l4_yaml_fail (self, node, key, error, _("has a * that is not a whole step, as in /objects/*/label"));
  return TRUE;
}

static gboolean
read_value (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  return node->type == YAML_SCALAR_NODE ? l4_yaml_read_json (self, node, key, field, error)
      : l4_yaml_fail (self, node, key, error, _("must be a number, a text, true, false or null"));
}

static const L4YamlField fields[] = {
  {"pointer", read_pointer, G_STRUCT_OFFSET (L4Condition, pointer)},
  {"question", l4_yaml_read_text, G_STRUCT_OFFSET (L4Condition, question)},
  {"compare", read_compare, G_STRUCT_OFFSET (L4Condition, compare)},
  {"value", read_value, G_STRUCT_OFFSET (L4Condition, value)},
  {NULL}
};

gboolean
l4_condition_read_key (L4Yaml *yaml, yaml_node_t *node, const char *key, gpointer target, gboolean *taken, GError **error)
{
  for (const L4YamlField *field = fields; field->key != NULL; field++)
    if (g_str_equal (field->key, key)) {
      *taken = TRUE;
      return field->read (yaml, node, key, G_STRUCT_MEMBER_P (target, field->offset), error);
    }
  return TRUE;
}

gboolean
l4_condition_check (L4Yaml *yaml, yaml_node_t *node, const char *what, const L4Condition *self, GError **error)
{
  const gboolean by_order = self->compare <= L4_COMPARE_AT_MOST;

  if ((self->pointer == NULL) == (self->question == NULL))
    return l4_yaml_fail (yaml, node, what, error, _("a condition needs either pointer or question"));
  if (self->value == NULL)
    return l4_yaml_fail (yaml, node, what, error, _("a condition needs a value"));
  if ((by_order || self->question != NULL) && strchr ("-0123456789", *self->value) == NULL)
    return l4_yaml_fail (yaml, node, "value", error, _("must be a number here"));
  return self->question == NULL || self->compare != L4_COMPARE_CONTAINS
      || l4_yaml_fail (yaml, node, "compare", error, _("a probability contains nothing"));
}

/* Lists ------------------------------------------------------------------------------------------------------------------------- */

gboolean
l4_yaml_read_any (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  GPtrArray *list = *(GPtrArray **) field;

  if (!l4_yaml_check_list (self, node, key, error))
    return FALSE;
  for L4_YAML_EACH (node, item) {
    yaml_node_t *one = l4_yaml_node (self, *item);
    g_autoptr (L4Condition) condition = l4_condition_new (one);

    if (!l4_yaml_read_fields (self, one, key, fields, NULL, condition, error) || !l4_condition_check (self, one, key, condition, error))
      return FALSE;
    if (list->len >= MOST_CONDITIONS)
      return l4_yaml_fail (self, one, key, error, _("are more than %d"), MOST_CONDITIONS);
    g_ptr_array_add (list, g_steal_pointer (&condition));
  }
  return list->len > 0 || l4_yaml_fail (self, node, key, error, _("is empty"));
}

gboolean
l4_yaml_read_all (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const GPtrArray *list = *(GPtrArray **) field;

  if (!l4_yaml_read_any (self, node, key, field, error))
    return FALSE;
  for (guint i = 1; i < list->len; i++)
    for (guint j = 0; j < i; j++)
      if (l4_condition_contradicts (list->pdata[i], list->pdata[j]))
        return l4_yaml_fail (self, l4_yaml_node (self, node->data.sequence.items.start[i]), key, error,
            _("can never hold together with the condition of line %u"), ((L4Condition *) list->pdata[j])->line);
  return TRUE;
}
