/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights on their way into a GGUF file: the model must stay what it is meanwhile. */

#include <fcntl.h>
#include <sys/stat.h>

#include "convert/convert.h"
#include "support/safetensors.h"

/* Somebody writes to the model. */
static void
change_file (guint64 done, guint64 total, gpointer path)
{
  g_assert_cmpint (utimensat (AT_FDCWD, path, (const struct timespec[]) { {5, 0}, {5, 0} }, 0), ==, 0);
}

/* The model has one matrix. */
static gboolean
convert (L4ConvertProgress progress, GError **error)
{
  const L4LayoutTensor matrix = {.name = (char *) "w",.source = (char *) "w",.kind = L4_LAYOUT_ATTENTION,.n_dims = 2,.dims = {4, 32},
    .n_elements = 128
  };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = g_build_filename (folder, SINGLE, NULL), *out = g_build_filename (folder, "out.gguf", NULL);
  g_autoptr (GArray) layout = g_array_new (FALSE, FALSE, sizeof matrix);
  g_autoptr (L4GgufWriter) writer = l4_gguf_writer_new (out, NULL);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  L4Convert options = {.type = L4_TYPE_F32,.threads = 1,.progress = progress,.user_data = path };

  g_array_append_val (layout, matrix);
  write_file (folder, SINGLE, "{'w':{'dtype':'F32','shape':[4,32]," AT (0, 512) "}}", 512);
  options.checkpoint = checkpoint = open_good (folder);
  g_assert_nonnull (writer);
  return l4_convert (&options, layout, writer, error);
}

static void
test_a_model_that_changes_meanwhile_is_an_error (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (convert (NULL, &error));
  g_assert_no_error (error);
  g_assert_false (convert (change_file, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_IO);
  assert_says (error, SINGLE "|has changed while it was read");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/convert/a-model-that-changes-meanwhile-is-an-error", test_a_model_that_changes_meanwhile_is_an_error);
  return g_test_run ();
}
