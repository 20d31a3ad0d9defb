/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of a camera's llama4describe. */

#include "watch/setup.h"

#include <string.h>

#include "base/error.h"

/* FALSE: not with that value. Texts stand as they are, whatever they begin with. */
static gboolean
set (GstElement *element, const GParamSpec *property, const char *text)
{
  GValue value = G_VALUE_INIT;
  gboolean right;

  if (property->value_type == G_TYPE_STRING) {
    g_object_set (element, property->name, text, NULL);
    return TRUE;
  }
  g_value_init (&value, property->value_type);
  right = gst_value_deserialize_with_pspec (&value, text, (GParamSpec *) property) && !g_param_value_validate ((GParamSpec *) property, &value);
  if (right)
    g_object_set_property (G_OBJECT (element), property->name, &value);
  g_value_unset (&value);
  return right;
}

static gboolean
set_property (GstElement *element, const L4Cameras *cameras, const L4CameraProperty *given, GError **error)
{
  const GParamSpec *property = g_object_class_find_property (G_OBJECT_GET_CLASS (element), given->name);

  if (property == NULL)
    return l4_fail (error, L4_ERROR_UNSUPPORTED, _("%s:%u: %s: llama4describe has no such property"), cameras->file, given->line, given->name);
  return set (element, property, given->value)
      || l4_fail (error, L4_ERROR_INPUT, _("%s:%u: %s: %s is no value of it"), cameras->file, given->line, given->name, given->value);
}

static void
set_questions (GstElement *element, const L4Camera *camera)
{
  g_autofree char *lines = camera->questions != NULL ? g_strjoinv ("\n", camera->questions) : NULL;

  if (lines != NULL)
    g_object_set (element, "questions", lines, NULL);
}

/* A file that elements are told of and that is not there; NULL: there is none. (transfer full) */
static char *
find_missing (const char *elements)
{
  g_auto (GStrv) words = NULL;

  if (!g_shell_parse_argv (elements, NULL, &words, NULL))
    return NULL;
  for (char **word = words; *word != NULL; word++) {
    const char *sign = strchr (*word, '='), *path = sign != NULL ? sign + 1 : *word;

    if (g_path_is_absolute (path) && !g_file_test (path, G_FILE_TEST_EXISTS))
      return g_strdup (path);
  }
  return NULL;
}

/* An element without its file is one that nothing can be linked to; but a file may also be one that is to be written. (transfer full) */
static char *
explain (const char *elements, const GError *problem)
{
  g_autofree char *missing = g_error_matches (problem, GST_PARSE_ERROR, GST_PARSE_ERROR_LINK) ? find_missing (elements) : NULL;

  if (problem == NULL)
    return g_strdup (_("pictures cannot pass through it"));
  return missing != NULL ? g_strdup_printf (_("%s; perhaps because there is no file %s"), problem->message, missing) : g_strdup (problem->message);
}

GstElement *
l4_watch_make_detector (const L4Cameras *cameras, const L4Camera *camera, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *why = NULL;
  GstElement *bin;

  if (camera->detector == NULL)
    return NULL;
  bin = gst_parse_bin_from_description_full (camera->detector, TRUE, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &problem);
  if (bin != NULL && problem == NULL && GST_ELEMENT (bin)->numsinkpads == 1 && GST_ELEMENT (bin)->numsrcpads == 1)
    return bin;
  why = explain (camera->detector, problem);
  l4_fail (error, L4_ERROR_INPUT, _("%s:%u: detector: %s"), cameras->file, camera->line, why);
  g_clear_pointer (&bin, gst_object_unref);
  return NULL;
}

gboolean
l4_watch_set_up (GstElement *describe, const L4DescribeOptions *options, const L4Cameras *cameras, const L4Camera *camera, GError **error)
{
  l4_describe_set_up (describe, options);
  for (guint i = 0; i < camera->properties->len; i++)
    if (!set_property (describe, cameras, g_ptr_array_index (camera->properties, i), error))
      return FALSE;
  gst_util_set_object_arg (G_OBJECT (describe), "on-busy", "skip");
  g_object_set (describe, "ahead", 1, NULL);    /* one is under way, and what comes meanwhile is left out */
  set_questions (describe, camera);
  return TRUE;
}
