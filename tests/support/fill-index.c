/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes an index for a test: fill-index INDEX, with a JSON object a line on standard input. In turn:
 *   {"run": "model-name"}                                                            what follows is said by it
 *   {"path": "/a%FF.mp4", "duration": 8, "state": "done|begun|failed", "reason": …,
 *    "mtime": 1700000000}                                                          a film; bytes as %XX; seconds
 *   {"start": 0, "end": 4, "text": "…", "picture": "FILE"}                            a window of it; seconds, a JPEG file */

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#include "index/index.h"

typedef struct
{
  L4Index *index;
  L4IndexRun *run;
  L4IndexVideo *video;
  const char *state, *reason;   /* of the film begun */
  yyjson_doc *doc;              /* that they are of */
  char *picture_path;
  GBytes *picture;              /* of the window before */
  guint n_videos;
} Fill;

static void
check (gboolean right, GError *error)
{
  if (!right)
    g_error ("%s", error != NULL ? error->message : "?");
}

static const char *
get_text (yyjson_val *object, const char *key)
{
  return yyjson_get_str (yyjson_obj_get (object, key));
}

static guint64
get_time (yyjson_val *object, const char *key)
{
  return llround (yyjson_get_num (yyjson_obj_get (object, key)) * 1e9);
}

static void
settle (Fill *self)
{
  L4IndexState state = L4_INDEX_DONE;
  GError *error = NULL;

  if (self->doc == NULL)
    return;
  if (g_strcmp0 (self->state, "begun") == 0)
    state = L4_INDEX_BEGUN;
  else if (g_strcmp0 (self->state, "failed") == 0)
    state = L4_INDEX_FAILED;
  if (g_strcmp0 (self->state, "untouched") != 0)
    check (l4_index_settle (self->index, self->video->id, self->run->id, state, self->reason, &error), error);
  g_clear_pointer (&self->doc, yyjson_doc_free);
}

static void
begin_run (Fill *self, const char *name)
{
  GError *error = NULL;

  g_clear_pointer (&self->run, l4_index_run_free);
  self->run = g_new0 (L4IndexRun, 1);
  self->run->model_name = g_strdup (name);
  self->run->model_digest = g_strdup_printf ("sha256:%s", name);
  self->run->quantization = g_strdup ("none");
  self->run->prompt_digest = g_strdup ("sha256:0");
  self->run->settings = g_strdup ("{}");
  self->run->version = g_strdup ("0");
  check (l4_index_put_run (self->index, self->run, &error), error);
}

static void
begin_video (Fill *self, yyjson_doc *doc)
{
  yyjson_val *root = yyjson_doc_get_root (doc), *mtime = yyjson_obj_get (root, "mtime");
  gboolean taken;
  GError *error = NULL;

  settle (self);
  self->doc = doc;
  self->state = get_text (root, "state");
  self->reason = get_text (root, "reason");
  g_clear_pointer (&self->video, l4_index_video_free);
  self->video = g_new0 (L4IndexVideo, 1);
  self->video->path = g_uri_unescape_string (get_text (root, "path"), NULL);
  self->video->size = 1;
  self->video->mtime = (mtime != NULL ? yyjson_get_sint (mtime) : 1700000000) * G_GINT64_CONSTANT (1000000000);
  self->video->key = g_strdup_printf ("1-%u", self->n_videos++);
  self->video->container = g_strdup ("mov");
  self->video->codec = g_strdup ("h264");
  self->video->width = 320;
  self->video->height = 180;
  self->video->duration = get_time (root, "duration");
  check (l4_index_put_video (self->index, self->video, &error), error);
  if (g_strcmp0 (self->state, "untouched") != 0)
    check (l4_index_claim (self->index, self->video->id, self->run->id, &taken, &error), error);
}

static void
take_picture (Fill *self, const char *path)
{
  char *data;
  gsize length;

  if (path == NULL || g_strcmp0 (path, self->picture_path) == 0)
    return;
  g_clear_pointer (&self->picture, g_bytes_unref);
  if (!g_file_get_contents (path, &data, &length, NULL))
    g_error ("%s: cannot be read", path);
  self->picture = g_bytes_new_take (data, length);
  g_free (self->picture_path);
  self->picture_path = g_strdup (path);
}

static void
add_window (Fill *self, yyjson_val *root)
{
  const char *path = get_text (root, "picture");
  L4IndexWindow window = {.video = self->video->id,.run = self->run->id,.start = get_time (root, "start"),.end = get_time (root, "end"),
    .text = (char *) get_text (root, "text"),.record = "{}"
  };
  GError *error = NULL;

  take_picture (self, path);
  window.thumbnail = path != NULL ? self->picture : NULL;
  check (l4_index_put_window (self->index, &window, &error), error);
}

int
main (int argc, char **argv)
{
  Fill self = { 0 };
  char line[1 << 16];
  GError *error = NULL;

  self.index = l4_index_open (argv[1], L4_INDEX_WRITE, &error);
  check (self.index != NULL, error);
  begin_run (&self, "model");
  while (fgets (line, sizeof line, stdin) != NULL) {
    yyjson_doc *doc = yyjson_read (line, strlen (line), YYJSON_READ_NOFLAG);
    yyjson_val *root = yyjson_doc_get_root (doc);

    if (root == NULL)
      g_error ("no JSON: %s", line);
    if (get_text (root, "run") != NULL) {
      settle (&self);
      begin_run (&self, get_text (root, "run"));
    } else if (get_text (root, "path") != NULL) {
      begin_video (&self, doc);
      continue;
    } else {
      add_window (&self, root);
    }
    yyjson_doc_free (doc);
  }
  settle (&self);
  g_clear_pointer (&self.run, l4_index_run_free);
  g_clear_pointer (&self.video, l4_index_video_free);
  g_clear_pointer (&self.picture, g_bytes_unref);
  g_free (self.picture_path);
  l4_index_close (self.index);
  return 0;
}
