/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a window, and of a rule, as JSON. */

#include "watch/alert.h"

#include <string.h>

#include "run/json.h"
#include "watch/clock.h"

static void
add_time (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, gint64 time)
{
  g_autofree char *text = l4_clock_format (time);

  yyjson_mut_obj_add_strcpy (doc, object, name, text);
}

/* A path as JSON can have it. */
static void
add_path (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *name, const char *path)
{
  g_autofree char *valid = path != NULL ? g_utf8_make_valid (path, -1) : NULL;

  if (valid != NULL)
    yyjson_mut_obj_add_strcpy (doc, object, name, valid);
}

static void
add_record (yyjson_mut_doc *doc, yyjson_mut_val *object, const char *record)
{
  yyjson_doc *read = record != NULL ? yyjson_read (record, strlen (record), 0) : NULL;

  if (read != NULL)
    yyjson_mut_obj_add_val (doc, object, "record", yyjson_val_mut_copy (doc, yyjson_doc_get_root (read)));
  yyjson_doc_free (read);
}

char *
l4_alert_to_json (const L4Told *told)
{
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *object = yyjson_mut_obj (doc);

  yyjson_mut_doc_set_root (doc, object);
  yyjson_mut_obj_add_str (doc, object, "event", told->over ? "over" : "alert");
  yyjson_mut_obj_add_strcpy (doc, object, "camera", told->camera->name);
  yyjson_mut_obj_add_strcpy (doc, object, "rule", told->rule->name);
  add_time (doc, object, "time", told->time);
  if (told->value != NULL)
    yyjson_mut_obj_add_val (doc, object, "value", yyjson_val_mut_copy (doc, told->value));
  if (told->window != NULL) {
    yyjson_mut_obj_add_uint (doc, object, "start", told->window->start);
    yyjson_mut_obj_add_uint (doc, object, "end", told->window->end);
    yyjson_mut_obj_add_strcpy (doc, object, "sentence", told->window->text);
  }
  add_path (doc, object, "picture", told->picture);
  if (told->window != NULL)
    add_record (doc, object, told->window->record);
  return l4_json_to_line (doc);
}

char *
l4_said_to_json (const L4Camera *camera, const L4News *said)
{
  yyjson_mut_doc *doc = yyjson_mut_doc_new (NULL);
  yyjson_mut_val *object = yyjson_mut_obj (doc);

  yyjson_mut_doc_set_root (doc, object);
  yyjson_mut_obj_add_str (doc, object, "event", said->kind == L4_NEWS_SUMMARY ? "recap" : said->kind == L4_NEWS_PARTIAL ? "partial" : "window");
  yyjson_mut_obj_add_strcpy (doc, object, "camera", camera->name);
  add_time (doc, object, "time", said->from);
  add_time (doc, object, "until", said->until);
  yyjson_mut_obj_add_uint (doc, object, "start", said->start);
  yyjson_mut_obj_add_uint (doc, object, "end", said->end);
  yyjson_mut_obj_add_strcpy (doc, object, "text", said->text);
  add_record (doc, object, said->record);
  return l4_json_to_line (doc);
}
