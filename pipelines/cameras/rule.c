/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A rule, as the file tells of it. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cameras/cameras-private.h"

#define MINUTES_OF_DAY (24 * 60)

void
l4_rule_free (L4Rule *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_strfreev (self->cameras);
  g_free (self->pointer);
  g_free (self->question);
  g_free (self->value);
  g_array_unref (self->quiet);
  g_strfreev (self->command);
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

/* "22:00-06:30" */
static gboolean
parse_hours (const char *text, L4Hours *hours)
{
  guint h[2], m[2];
  int n = 0;

  if (sscanf (text, "%2u:%2u-%2u:%2u%n", &h[0], &m[0], &h[1], &m[1], &n) != 4 || text[n] != '\0' || m[0] > 59 || m[1] > 59)
    return FALSE;
  *hours = (L4Hours) { h[0] * 60 + m[0], h[1] * 60 + m[1] };
  return hours->from < MINUTES_OF_DAY && hours->until <= MINUTES_OF_DAY;
}

static gboolean
read_quiet (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  g_auto (GStrv) texts = NULL;

  if (!l4_yaml_read_texts (self, node, key, &texts, error))
    return FALSE;
  for (char **text = texts; *text != NULL; text++) {
    L4Hours hours;

    if (!parse_hours (*text, &hours))
      return l4_yaml_fail (self, node, key, error, _("must be hours such as \"22:00-06:30\""));
    g_array_append_val (*(GArray **) field, hours);
  }
  return TRUE;
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

static L4Receiver
find_receiver (const char *name)
{
  static const char *const names[] = { "mqtt", "webhook", "page", "onvif" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (names[i], name) == 0)
      return 1 << i;
  return 0;
}

/* A list, which may be empty. */
static gboolean
read_receivers (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  guint *receivers = field;

  *receivers = 0;
  if (!l4_yaml_check_list (self, node, key, error))
    return FALSE;
  for L4_YAML_EACH (node, item) {
    yaml_node_t *name = l4_yaml_node (self, *item);
    L4Receiver receiver = find_receiver (l4_yaml_scalar (name, NULL));

    if (receiver == 0)
      return l4_yaml_fail (self, name, key, error, _("must be a list of mqtt, webhook, page and onvif"));
    *receivers |= receiver;
  }
  return TRUE;
}

static gboolean
read_actions (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const L4YamlField fields[] = {
    {"print", l4_yaml_read_flag, G_STRUCT_OFFSET (L4Rule, print)},
    {"command", l4_yaml_read_texts, G_STRUCT_OFFSET (L4Rule, command)},
    {"clip", l4_yaml_read_flag, G_STRUCT_OFFSET (L4Rule, clip)},
    {"picture", l4_yaml_read_flag, G_STRUCT_OFFSET (L4Rule, picture)},
    {"tell", read_receivers, G_STRUCT_OFFSET (L4Rule, receivers)},
    {NULL}
  };

  return l4_yaml_read_fields (self, node, "actions", fields, NULL, field, error);
}

static const L4YamlField fields[] = {
  {"name", l4_yaml_read_name, G_STRUCT_OFFSET (L4Rule, name)},
  {"cameras", l4_yaml_read_texts, G_STRUCT_OFFSET (L4Rule, cameras)},
  {"pointer", read_pointer, G_STRUCT_OFFSET (L4Rule, pointer)},
  {"question", l4_yaml_read_text, G_STRUCT_OFFSET (L4Rule, question)},
  {"compare", read_compare, G_STRUCT_OFFSET (L4Rule, compare)},
  {"value", read_value, G_STRUCT_OFFSET (L4Rule, value)},
  {"windows", l4_yaml_read_count, G_STRUCT_OFFSET (L4Rule, windows)},
  {"cooldown", l4_yaml_read_time, G_STRUCT_OFFSET (L4Rule, cooldown)},
  {"quiet", read_quiet, G_STRUCT_OFFSET (L4Rule, quiet)},
  {"actions", read_actions, 0},
  {NULL}
};

/* What it asks for must make sense together. */
static gboolean
check (L4Yaml *yaml, yaml_node_t *node, const L4Rule *self, GError **error)
{
  const gboolean by_order = self->compare <= L4_COMPARE_AT_MOST;

  if (self->name == NULL)
    return l4_yaml_fail (yaml, node, "rules", error, _("a rule has no name"));
  if ((self->pointer == NULL) == (self->question == NULL))
    return l4_yaml_fail (yaml, node, "rules", error, _("%s: needs either pointer or question"), self->name);
  if (self->value == NULL)
    return l4_yaml_fail (yaml, node, "rules", error, _("%s: needs a value"), self->name);
  if ((by_order || self->question != NULL) && strchr ("-0123456789", *self->value) == NULL)
    return l4_yaml_fail (yaml, node, "value", error, _("must be a number here"));
  if (self->question != NULL && self->compare == L4_COMPARE_CONTAINS)
    return l4_yaml_fail (yaml, node, "compare", error, _("a probability contains nothing"));
  return self->windows > 0 || l4_yaml_fail (yaml, node, "windows", error, _("must be more than 0"));
}

L4Rule *
l4_rule_read (L4Yaml *yaml, yaml_node_t *node, GError **error)
{
  g_autoptr (L4Rule) self = g_new0 (L4Rule, 1);

  self->line = l4_yaml_line (node);
  self->compare = L4_COMPARE_AT_LEAST;
  self->windows = 1;
  self->receivers = L4_RECEIVER_ALL;
  self->quiet = g_array_new (FALSE, FALSE, sizeof (L4Hours));
  return l4_yaml_read_fields (yaml, node, "rules", fields, NULL, self, error) && check (yaml, node, self, error)
      ? g_steal_pointer (&self) : NULL;
}
