/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which file with a vision part belongs to a GGUF model. */

#include "support/gguf.h"

#define ARCH STR ("general.architecture", "llama4")
#define WIDTH(n) U32 ("llama4.embedding_length", n)
#define MODEL HEAD (0, 2) ARCH WIDTH (4)
#define NAMED_MODEL(name) HEAD (0, 3) ARCH WIDTH (4) STR ("general.name", name)
#define CLIP STR ("general.architecture", "clip") STR ("clip.projector_type", "llama4")
#define VISION(width, type) TENSOR2 ("mm.model.fc.weight", 2, width, type, 0) TENSOR1 ("v.class_embd", 4, 0, 64) "|32 *80 "
#define PROJECTOR(width) HEAD (2, 2) CLIP VISION (width, 0)
#define TYPED_PROJECTOR(type) HEAD (2, 2) CLIP VISION (4, type)
#define NAMED_PROJECTOR(name) HEAD (2, 3) CLIP STR ("general.name", name) VISION (4, 0)

static void
test_the_projector_beside_the_model_is_found (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = gguf_write (folder, "model.gguf", MODEL);
  g_autofree char *narrow = NULL;
  g_autofree char *right = NULL;
  g_autofree char *again = NULL;
  g_autofree char *junk = NULL;

  {
    g_autoptr (L4Checkpoint) alone = gguf_open_good (model, NULL);

    g_assert_null (l4_checkpoint_get_projector (alone));
    g_assert_nonnull (strstr (l4_checkpoint_why_no_vision (alone), "mmproj*.gguf"));
  }
  narrow = gguf_write (folder, "mmproj-narrow.gguf", PROJECTOR (3));
  gguf_assert_fails (model, NULL, L4_ERROR_FORMAT, "mmproj-narrow.gguf|vectors are 3 wide|model.gguf 4");
  right = gguf_write (folder, "Tiny-MMPROJ-f32.GGUF", PROJECTOR (4));
  junk = gguf_write (folder, "mmproj-junk.gguf", "'nonsense'");
  {
    g_autoptr (L4Checkpoint) found = gguf_open_good (model, NULL);

    g_assert_cmpstr (l4_gguf_get_path (l4_checkpoint_get_projector (found)), ==, right);
    g_assert_cmpuint (l4_checkpoint_get_n_files (found), ==, 2);
    g_assert_nonnull (l4_checkpoint_find (found, "multi_modal_projector.linear_1.weight"));
    g_assert_nonnull (l4_checkpoint_find (found, "vision_model.class_embedding"));
    g_assert_null (l4_checkpoint_why_no_vision (found));
  }
  again = gguf_write (folder, "mmproj-f32.gguf", PROJECTOR (4));
  {
    g_autoptr (L4Checkpoint) torn = gguf_open_good (model, NULL);
    g_autoptr (L4Checkpoint) named = gguf_open_good (model, again);

    g_assert_null (l4_checkpoint_get_projector (torn));
    g_assert_cmpuint (l4_checkpoint_get_n_tensors (torn), ==, 0);
    g_assert_nonnull (strstr (l4_checkpoint_why_no_vision (torn), "2 projector files"));
    g_assert_cmpstr (l4_gguf_get_path (l4_checkpoint_get_projector (named)), ==, again);
  }
  gguf_assert_fails (model, narrow, L4_ERROR_FORMAT, "mmproj-narrow.gguf|vectors are 3 wide|model.gguf 4");
}

static void
test_what_is_no_projector_is_refused (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = gguf_write (folder, "model.gguf", MODEL);
  g_autofree char *other = gguf_write (folder, "other.gguf", HEAD (0, 2) STR ("general.architecture", "clip")
      STR ("clip.vision.projector_type", "gemma3"));
  g_autofree char *empty = gguf_write (folder, "empty.gguf", HEAD (0, 2) STR ("general.architecture", "clip")
      STR ("clip.projector_type", "llama4"));
  g_autofree char *own = gguf_write (folder, "own.gguf", HEAD (1, 2) ARCH WIDTH (4) TENSOR2 ("mm.linear_1.weight", 2, 4, 0, 0)
      "|32 *32 ");
  g_autofree char *projector = gguf_write (folder, "projector.gguf", PROJECTOR (4));
  g_autoptr (L4Checkpoint) with_own = gguf_open_good (own, NULL);

  gguf_assert_fails (model, model, L4_ERROR_UNSUPPORTED, "general.architecture is \"llama4\"|\"clip\"");
  gguf_assert_fails (model, other, L4_ERROR_UNSUPPORTED, "clip.vision.projector_type is \"gemma3\"|\"llama4\"");
  gguf_assert_fails (model, empty, L4_ERROR_FORMAT, "empty.gguf|mm.model.fc.weight|missing");
  gguf_assert_fails (model, "/nowhere/mmproj.gguf", L4_ERROR_NOT_FOUND, "/nowhere/mmproj.gguf");
  gguf_assert_fails (projector, NULL, L4_ERROR_UNSUPPORTED, "projector.gguf: general.architecture is \"clip\"|\"llama4\"");
  g_assert_true (l4_checkpoint_get_projector (with_own) == l4_checkpoint_get_gguf (with_own));
  gguf_assert_fails (own, projector, L4_ERROR_INPUT, "projector.gguf|own.gguf");
  gguf_assert_fails (folder, projector, L4_ERROR_UNSUPPORTED, "projector.gguf|to the folder");
}

/* The file, or NULL when none is taken. */
static void
assert_takes (const char *model, const char *projector)
{
  g_autoptr (L4Checkpoint) checkpoint = gguf_open_good (model, NULL);
  const L4Gguf *taken = l4_checkpoint_get_projector (checkpoint);

  g_assert_cmpstr (taken != NULL ? l4_gguf_get_path (taken) : NULL, ==, projector);
}

static void
test_of_the_same_weights_bfloat16_is_taken (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = gguf_write (folder, "model.gguf", MODEL);
  g_autofree char *single = gguf_write (folder, "mmproj-F32.gguf", TYPED_PROJECTOR (0));
  g_autofree char *half = NULL, *brain = NULL, *again = NULL;

  assert_takes (model, single);
  half = gguf_write (folder, "mmproj-F16.gguf", TYPED_PROJECTOR (1));
  assert_takes (model, half);
  brain = gguf_write (folder, "mmproj-BF16.gguf", TYPED_PROJECTOR (30));
  assert_takes (model, brain);
  again = gguf_write (folder, "mmproj-other.gguf", TYPED_PROJECTOR (30));
  assert_takes (model, NULL);
}

/* As llama4 convert calls them. */
static void
test_each_model_of_a_folder_has_its_own (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *one = gguf_write (folder, "one.gguf", MODEL), *two = gguf_write (folder, "two.gguf", MODEL);
  g_autofree char *bare = gguf_write (folder, "bare", MODEL), *shared = gguf_write (folder, "shared.gguf", MODEL);
  g_autofree char *of_one = gguf_write (folder, "mmproj-one-F32.gguf", TYPED_PROJECTOR (0)), *of_two = NULL, *of_bare = NULL, *of_none = NULL;

  assert_takes (two, of_one);
  of_two = gguf_write (folder, "mmproj-two-F32.gguf", TYPED_PROJECTOR (0));
  of_bare = gguf_write (folder, "mmproj-bare-BF16.gguf", TYPED_PROJECTOR (30));
  assert_takes (one, of_one);
  assert_takes (two, of_two);
  assert_takes (bare, of_bare);
  of_none = gguf_write (folder, "mmproj-two-parts-F16.gguf", TYPED_PROJECTOR (1));
  g_assert_cmpint (g_unlink (of_bare), ==, 0);
  assert_takes (one, of_one);
  assert_takes (shared, of_none);
}

/* Where each size of a model has a folder of its own. */
static void
test_the_projector_in_the_folder_above_is_found (void)
{
  g_autoptr (Folder) above = folder_new ();
  g_autoptr (Folder) below = g_build_filename (above, "Q4_K_M", NULL);
  g_autofree char *shared = g_build_filename (below, "..", "mmproj.gguf", NULL), *model = NULL, *beside = NULL;

  g_assert_cmpint (g_mkdir (below, 0700), ==, 0);
  model = gguf_write (below, "model.gguf", MODEL);
  assert_takes (model, NULL);
  g_free (gguf_write (above, "mmproj.gguf", PROJECTOR (3)));
  assert_takes (model, NULL);
  g_free (gguf_write (above, "mmproj.gguf", PROJECTOR (4)));
  assert_takes (model, shared);
  beside = gguf_write (below, "mmproj.gguf", PROJECTOR (4));
  assert_takes (model, beside);
}

/* Scout's and Maverick's have the same shapes. */
static void
test_a_projector_of_another_published_model_is_not_taken (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *model = gguf_write (folder, "model.gguf", NAMED_MODEL ("Llama-4-Scout-17B-16E-Instruct"));
  g_autofree char *maverick = gguf_write (folder, "mmproj-a.gguf", NAMED_PROJECTOR ("Llama-4-Maverick~17B"));
  g_autofree char *scout = NULL, *unnamed = NULL;

  assert_takes (model, NULL);
  scout = gguf_write (folder, "mmproj-b.gguf", NAMED_PROJECTOR ("Llama~4~scout"));
  assert_takes (model, scout);
  g_assert_cmpint (g_unlink (scout), ==, 0);
  unnamed = gguf_write (folder, "mmproj-c.gguf", NAMED_PROJECTOR ("My~own"));
  assert_takes (model, unnamed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/projector/the-one-beside-the-model-is-found", test_the_projector_beside_the_model_is_found);
  g_test_add_func ("/projector/the-one-in-the-folder-above-is-found", test_the_projector_in_the_folder_above_is_found);
  g_test_add_func ("/projector/of-the-same-weights-bfloat16-is-taken", test_of_the_same_weights_bfloat16_is_taken);
  g_test_add_func ("/projector/each-model-of-a-folder-has-its-own", test_each_model_of_a_folder_has_its_own);
  g_test_add_func ("/projector/of-another-published-model-it-is-not-taken", test_a_projector_of_another_published_model_is_not_taken);
  g_test_add_func ("/projector/what-is-none-is-refused", test_what_is_no_projector_is_refused);
  return g_test_run ();
}
