/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tiny random checkpoint for tests of the public interface, and a question about it. */

#pragma once

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "llama4.h"

#define CASE "frames-tiny"

/* A folder with the checkpoint's files as links, so that one can be replaced. */
typedef struct
{
  char *folder;
} Fixture;

static const char *const files[] = { "config.json", "generation_config.json", "processor_config.json", "tokenizer.json",
  "tokenizer_config.json", "model.safetensors"
};

static inline void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("llama4-test-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *from = g_test_build_filename (G_TEST_DIST, "golden", CASE, files[i], NULL);
    g_autofree char *to = g_build_filename (self->folder, files[i], NULL);
    g_autofree char *target = g_canonicalize_filename (from, NULL);

    if (g_file_test (from, G_FILE_TEST_EXISTS)) {
      g_autoptr (GFile) link = g_file_new_for_path (to);

      g_assert_true (g_file_make_symbolic_link (link, target, NULL, NULL));
    }
  }
}

static inline void
tear_down (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (self->folder, files[i], NULL);

    g_unlink (path);
  }
  g_rmdir (self->folder);
  g_free (self->folder);
}

static inline void
replace (Fixture *self, const char *file, const char *contents, gssize length)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);

  g_unlink (path);
  if (contents != NULL)
    g_assert_true (g_file_set_contents (path, contents, length, NULL));
}

/* Replaces every `from` in a file by `to`. */
static inline void
edit (Fixture *self, const char *file, const char *from, const char *to)
{
  g_autofree char *path = g_build_filename (self->folder, file, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GString) edited = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  edited = g_string_new (text);
  g_assert_cmpuint (g_string_replace (edited, from, to, 0), >, 0);
  replace (self, file, edited->str, edited->len);
}

static inline L4Model *
load (const char *folder, GError **error)
{
  const L4LoadOptions options = {.model_path = folder };

  return l4_model_load (&options, NULL, NULL, NULL, error);
}

/* A picture of the size of the fixtures', with something on it. */
static guint8 pixels[112 * 64 * 3];

static inline gboolean
answer_with (L4Model *model, const L4GenerateOptions *options, L4TextFunc on_text, gpointer user_data,
    GCancellable *cancellable, L4Answer *answer, GError **error)
{
  g_autoptr (L4Session) session = l4_session_new (model);
  const L4Picture picture = { pixels, 112, 64, 112 * 3 };
  const L4Part parts[] = { {.text = "[0.0 s]"}, {.picture = picture}, {.text = "[1.0 s]"}, {.picture = picture},
    {.text = "What moves? <|eot|>"}
  };
  const L4Message message = { L4_ROLE_USER, parts, G_N_ELEMENTS (parts) };

  for (gsize i = 0; i < sizeof pixels; i++)
    pixels[i] = i * 37 % 251;
  return l4_session_answer (session, &message, 1, options, on_text, user_data, cancellable, answer, error);
}

typedef struct
{
  const char *path;
  void (*run) (Fixture *, gconstpointer);
} Test;

/* Each with a checkpoint of its own, under /PREFIX/. */
static inline void
add_tests (const char *prefix, const Test *tests, guint n)
{
  for (guint t = 0; t < n; t++) {
    g_autofree char *path = g_strdup_printf ("/%s/%s", prefix, tests[t].path);

    g_test_add (path, Fixture, NULL, set_up, tests[t].run, tear_down);
  }
}
