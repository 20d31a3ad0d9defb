/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models whose files are whole and lie all the same: loading ends in an error, in bounded memory. */

#include <string.h>

#include "checkpoint/checkpoint.h"
#include "support/allocations.h"
#include "support/folder.h"
#include "llama4.h"

#define MAX_MEMORY(size) (16 * 1024 * 1024 + 4 * (gsize) (size))

/* The bytes of the GGUF model, which a test changes. */
typedef struct
{
  char *bytes;
  gsize size;
} File;

static void
file_clear (File *self)
{
  g_free (self->bytes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (File, file_clear)

static char *
golden_model (void)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "gguf-tiny", "model.gguf", NULL);
}

static void
read_golden (File *self)
{
  g_autofree char *path = golden_model ();

  g_assert_true (g_file_get_contents (path, &self->bytes, &self->size, NULL));
}

/* Where the record of a tensor begins: its name with the length before it. */
static char *
find_record (const File *self, const char *name)
{
  guint64 length = GUINT64_TO_LE (strlen (name));
  g_autofree char *record = g_malloc (sizeof length + strlen (name));
  char *at;

  memcpy (record, &length, sizeof length);
  memcpy (record + sizeof length, name, strlen (name));
  at = memmem (self->bytes, self->size, record, sizeof length + strlen (name));
  g_assert_nonnull (at);
  return at;
}

/* The file as it is now is no model; one line that names it says why. */
static void
assert_refused (const File *self, L4Error code)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = folder_write (folder, "model.gguf", self->bytes, (gssize) self->size);
  const L4LoadOptions options = {.model_path = path,.threads = 2 };
  g_autoptr (GError) error = NULL;

  allocations_reset ();
  g_assert_null (l4_model_load (&options, NULL, NULL, NULL, &error));
  g_assert_cmpuint (allocations_peak (), <=, MAX_MEMORY (self->size));
  g_test_message ("%s", error->message);
  g_assert_error (error, L4_ERROR, (gint) code);
  assert_says (error, "model.gguf");
}

/* All tensors of the model but those that a model may be without. */
static void
for_every_tensor (void (*test) (File *self, const L4Tensor *tensor))
{
  g_autofree char *path = golden_model ();
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, NULL, NULL);
  guint n = 0;

  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);
    g_auto (File) file = { 0 };

    if (tensor->file != 0 || g_str_equal (tensor->original, "output.weight")
        || g_str_equal (tensor->original, "rope_freqs.weight"))
      continue;
    read_golden (&file);
    test (&file, tensor);
    n++;
  }
  g_assert_cmpuint (n, >, 40);
}

static void
rename_tensor (File *self, const L4Tensor *tensor)
{
  find_record (self, tensor->original)[sizeof (guint64)] = 'X';
  assert_refused (self, L4_ERROR_FORMAT);
}

static void
test_without_any_one_tensor (void)
{
  for_every_tensor (rename_tensor);
}

/* Half as long in the dimension that changes slowest: what is left of the data belongs to nobody. */
static void
shorten_tensor (File *self, const L4Tensor *tensor)
{
  char *record = find_record (self, tensor->original);
  char *dims = record + sizeof (guint64) + strlen (tensor->original) + sizeof (guint32);
  guint64 shorter = GUINT64_TO_LE ((guint64) tensor->dims[0] / 2);

  memcpy (dims + (tensor->n_dims - 1) * sizeof (guint64), &shorter, sizeof shorter);
  assert_refused (self, L4_ERROR_FORMAT);
}

static void
test_with_any_one_tensor_of_another_shape (void)
{
  for_every_tensor (shorten_tensor);
}

/* Nothing says that a layer has experts, whose weights are there all the same. */
static void
test_with_experts_that_no_layer_has (void)
{
  g_autofree char *path = golden_model ();
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, NULL, NULL);
  g_auto (File) file = { 0 };

  read_golden (&file);
  find_record (&file, "llama4.interleave_moe_layer_step")[sizeof (guint64)] = 'X';
  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const char *name = l4_checkpoint_get_tensor (checkpoint, i)->original;

    if (g_str_has_suffix (name, ".ffn_gate_inp.weight"))
      find_record (&file, name)[sizeof (guint64)] = 'X';
  }
  assert_refused (&file, L4_ERROR_FORMAT);
}

static void
answer_hello (const char *path, L4Answer *answer)
{
  const L4LoadOptions options = {.model_path = path,.threads = 2 };
  const L4Part part = {.text = "hello" };
  const L4Message message = { L4_ROLE_USER, &part, 1 };
  const L4GenerateOptions generate = {.max_tokens = 4 };
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Model) model = l4_model_load (&options, NULL, NULL, NULL, &error);
  g_autoptr (L4Session) session = NULL;

  g_assert_no_error (error);
  session = l4_session_new (model);
  g_assert_true (l4_session_answer (session, &message, 1, &generate, NULL, NULL, NULL, answer, NULL));
}

/* A template is a program; that of a file is never run. */
static void
test_a_template_in_the_file_is_data (void)
{
  static const char hostile[] = "{% for i in range(10**12) %}{{ ''.__class__.__mro__[1].__subclasses__() }}{% endfor %}";
  g_autofree char *path = golden_model (), *changed = NULL;
  g_autoptr (Folder) folder = folder_new ();
  g_auto (File) file = { 0 };
  g_auto (L4Answer) one = { 0 }, other = { 0 };
  char *template;

  read_golden (&file);
  template = memmem (file.bytes, file.size, "{{ '<|begin_of_text|>' }}{% for", 31);
  g_assert_nonnull (template);
  memcpy (template, hostile, sizeof hostile - 1);
  changed = folder_write (folder, "model.gguf", file.bytes, (gssize) file.size);
  answer_hello (path, &one);
  answer_hello (changed, &other);
  g_assert_cmpstr (one.prompt_digest, ==, other.prompt_digest);
  g_assert_cmpstr (one.text, ==, other.text);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load/refuses/a-model-without-any-one-tensor", test_without_any_one_tensor);
  g_test_add_func ("/load/refuses/a-model-with-any-one-tensor-of-another-shape", test_with_any_one_tensor_of_another_shape);
  g_test_add_func ("/load/refuses/a-model-with-experts-that-no-layer-has", test_with_experts_that_no_layer_has);
  g_test_add_func ("/load/a-template-in-the-file-is-data", test_a_template_in_the_file_is_data);
  return g_test_run ();
}
