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
  g_ptr_array_unref (self->all);
  g_ptr_array_unref (self->any);
  l4_condition_free (self->single);
  g_array_unref (self->quiet);
  g_strfreev (self->command);
  g_free (self);
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
  {"all", l4_yaml_read_all, G_STRUCT_OFFSET (L4Rule, all)},
  {"any", l4_yaml_read_any, G_STRUCT_OFFSET (L4Rule, any)},
  {"windows", l4_yaml_read_count, G_STRUCT_OFFSET (L4Rule, windows)},
  {"cooldown", l4_yaml_read_time, G_STRUCT_OFFSET (L4Rule, cooldown)},
  {"quiet", read_quiet, G_STRUCT_OFFSET (L4Rule, quiet)},
  {"actions", read_actions, 0},
  {NULL}
};

/* Of a rule with one condition, which stands in no list. */
static gboolean
read_single (L4Yaml *yaml, yaml_node_t *node, const char *key, gpointer target, gboolean *taken, GError **error)
{
  L4Rule *self = target;
  g_autoptr (L4Condition) single = self->single != NULL ? g_steal_pointer (&self->single) : l4_condition_new (node);
  gboolean right = l4_condition_read_key (yaml, node, key, single, taken, error);

  if (*taken)
    self->single = g_steal_pointer (&single);
  return right;
}

static gboolean
check (L4Yaml *yaml, yaml_node_t *node, L4Rule *self, GError **error)
{
  gboolean has_lists = self->all->len + self->any->len > 0;

  if (self->name == NULL)
    return l4_yaml_fail (yaml, node, "rules", error, _("a rule has no name"));
  if (self->single != NULL && has_lists)
    return l4_yaml_fail (yaml, node, "rules", error, _("%s: a condition beside the lists all and any belongs into one of them"), self->name);
  if (self->single == NULL && !has_lists)
    return l4_yaml_fail (yaml, node, "rules", error, _("%s: needs a condition, or a list all or any of them"), self->name);
  if (self->single != NULL && !l4_condition_check (yaml, node, self->name, self->single, error))
    return FALSE;
  if (self->single != NULL) {
    self->single->line = self->line;    /* its keys may stand anywhere in the rule */
    g_ptr_array_add (self->all, g_steal_pointer (&self->single));
  }
  return self->windows > 0 || l4_yaml_fail (yaml, node, "windows", error, _("must be more than 0"));
}

L4Rule *
l4_rule_read (L4Yaml *yaml, yaml_node_t *node, GError **error)
{
  g_autoptr (L4Rule) self = g_new0 (L4Rule, 1);

  self->line = l4_yaml_line (node);
  self->all = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_condition_free);
  self->any = g_ptr_array_new_with_free_func ((GDestroyNotify) l4_condition_free);
  self->windows = 1;
  self->receivers = L4_RECEIVER_ALL;
  self->quiet = g_array_new (FALSE, FALSE, sizeof (L4Hours));
  return l4_yaml_read_fields (yaml, node, "rules", fields, read_single, self, error) && check (yaml, node, self, error)
      ? g_steal_pointer (&self) : NULL;
}
