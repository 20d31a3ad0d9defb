/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values that a file of YAML may have: texts, flags, numbers, times, bytes, lists of texts. */

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "cameras/yaml.h"
#include "command/command.h"

#define MOST_COUNT 1000000
#define MOST_SECONDS (100 * 366 * 86400.0)

static const char *
need_text (L4Yaml *self, yaml_node_t *node, const char *key, GError **error)
{
  gboolean plain;
  const char *text = l4_yaml_scalar (node, &plain);

  if (text == NULL || (plain && (*text == '\0' || g_str_equal (text, "~") || g_str_equal (text, "null")))) {
    l4_yaml_fail (self, node, key, error, _("must be a text"));
    return NULL;
  }
  return text;
}

gboolean
l4_yaml_read_text (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *text = need_text (self, node, key, error);

  if (text == NULL)
    return FALSE;
  g_free (*(char **) field);
  *(char **) field = g_strdup (text);
  return TRUE;
}

gboolean
l4_yaml_read_path (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *text = need_text (self, node, key, error);

  if (text == NULL)
    return FALSE;
  g_free (*(char **) field);
  *(char **) field = g_canonicalize_filename (text, self->folder);
  return TRUE;
}

gboolean
l4_yaml_read_flag (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  static const char *const yes[] = { "true", "yes", "on", NULL }, *const no[] = { "false", "no", "off", NULL };
  const char *text = l4_yaml_scalar (node, NULL);
  g_autofree char *lower = g_ascii_strdown (text != NULL ? text : "", -1);

  *(gboolean *) field = g_strv_contains (yes, lower);
  return *(gboolean *) field || g_strv_contains (no, lower) || l4_yaml_fail (self, node, key, error, _("must be true or false"));
}

gboolean
l4_yaml_read_count (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *text = l4_yaml_scalar (node, NULL);
  guint64 count;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, MOST_COUNT, &count, NULL))
    return l4_yaml_fail (self, node, key, error, _("must be a whole number, %d at most"), MOST_COUNT);
  *(guint *) field = count;
  return TRUE;
}

/* Seconds of what stands behind the number; 0: it is no such unit. */
static double
find_unit (const char *unit)
{
  static const struct
  {
    const char *name;
    double seconds;
  } units[] = { {"", 1}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"days", 86400} };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (units[i].name, unit))
      return units[i].seconds;
  return 0;
}

gboolean
l4_yaml_read_time (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *text = l4_yaml_scalar (node, NULL);
  char *end = NULL;
  double seconds = text != NULL ? g_ascii_strtod (text, &end) : -1;

  if (text != NULL && end != text)
    seconds *= find_unit (end + strspn (end, " "));
  if (text == NULL || end == text || !(seconds >= 0 && seconds <= MOST_SECONDS) || (seconds == 0 && find_unit (end + strspn (end, " ")) == 0))
    return l4_yaml_fail (self, node, key, error, _("must be seconds, or a number with ms, s, min, h or d behind it"));
  *(guint64 *) field = llround (seconds * 1e9);
  return TRUE;
}

gboolean
l4_yaml_read_bytes (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  const char *text = l4_yaml_scalar (node, NULL);

  if (text == NULL || !l4_command_parse_bytes (key, text, field, NULL))
    return l4_yaml_fail (self, node, key, error, _("must be bytes, such as 500M or 20G"));
  return TRUE;
}

gboolean
l4_yaml_read_texts (L4Yaml *self, yaml_node_t *node, const char *key, gpointer field, GError **error)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();

  if (node->type != YAML_SEQUENCE_NODE) {
    const char *text = need_text (self, node, key, error);

    if (text == NULL)
      return FALSE;
    g_strv_builder_add (texts, text);
  } else {
    for L4_YAML_EACH (node, item) {
      const char *text = need_text (self, l4_yaml_node (self, *item), key, error);

      if (text == NULL)
        return FALSE;
      g_strv_builder_add (texts, text);
    }
  }
  g_strfreev (*(char ***) field);
  *(char ***) field = g_strv_builder_end (texts);
  return (*(char ***) field)[0] != NULL || l4_yaml_fail (self, node, key, error, _("is empty"));
}
