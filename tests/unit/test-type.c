/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The weights in blocks against those that the format's own package finds in them. */

#include <math.h>
#include <string.h>

#include "blocks/type.h"
#include "files/file.h"
#include "files/npy.h"

static char *
golden_path (const char *folder, const char *name, const char *ending)
{
  g_autofree char *file = g_strconcat (name, ending, NULL);

  return g_test_build_filename (G_TEST_DIST, "golden", folder, file, NULL);
}

static void
assert_equal (const char *folder, L4Type type)
{
  g_autofree char *bytes_path = golden_path (folder, l4_type_name (type), ".bin");
  g_autofree char *floats_path = golden_path (folder, l4_type_name (type), ".npy");
  g_autofree char *bytes = NULL;
  g_autofree float *out = NULL;
  g_auto (L4Npy) expected = { 0 };
  g_autoptr (GError) error = NULL;
  gsize length, needed;

  bytes = l4_file_load (bytes_path, 1 << 20, &length, &error);
  g_assert_no_error (error);
  l4_npy_load (floats_path, &expected, &error);
  g_assert_no_error (error);
  g_assert_true (l4_type_bytes (type, expected.n_elements, &needed));
  g_assert_cmpuint (needed, ==, length);
  out = g_new (float, expected.n_elements);
  l4_type_to_float (type, bytes, expected.n_elements, out);
  for (gsize i = 0; i < expected.n_elements; i++) {
    float should = ((const float *) expected.data)[i];

    if (isnan (should))
      g_assert_true (isnan (out[i]));
    else
      g_assert_cmpmem (&out[i], sizeof (float), &should, sizeof (float));
  }
}

static void
test_weights_equal_the_reference (gconstpointer data)
{
  assert_equal ("types", (L4Type) GPOINTER_TO_UINT (data));
}

static void
test_what_the_quantiser_wrote_is_read_as_it_meant (gconstpointer data)
{
  assert_equal ("quantised", (L4Type) GPOINTER_TO_UINT (data));
}

/* Blocks begin where the one before ends, at whatever address. */
static void
test_blocks_need_no_alignment (void)
{
  for (guint t = 0; t < L4_N_TYPES; t++) {
    const L4TypeInfo *info = l4_type_info ((L4Type) t);
    gsize n = 3 * info->block_elements, bytes = 3 * info->block_bytes;
    g_autofree guint8 *blocks = g_malloc (bytes + 1);
    g_autofree float *first = g_new (float, n);
    g_autofree float *second = g_new (float, n);

    for (gsize i = 0; i < bytes; i++)
      blocks[i] = (guint8) (i * 37 % 113);
    l4_type_to_float ((L4Type) t, blocks, n, first);
    memmove (blocks + 1, blocks, bytes);
    l4_type_to_float ((L4Type) t, blocks + 1, n, second);
    g_assert_cmpmem (first, n * sizeof (float), second, n * sizeof (float));
  }
}

static void
test_bytes_of_parts_of_blocks_are_refused (void)
{
  gsize bytes;

  g_assert_true (l4_type_bytes (L4_TYPE_Q4_K, 512, &bytes));
  g_assert_cmpuint (bytes, ==, 288);
  g_assert_true (l4_type_bytes (L4_TYPE_Q4_K, 0, &bytes));
  g_assert_cmpuint (bytes, ==, 0);
  g_assert_false (l4_type_bytes (L4_TYPE_Q4_K, 128, &bytes));
  g_assert_false (l4_type_bytes (L4_TYPE_Q8_0, 31, &bytes));
  g_assert_false (l4_type_bytes (L4_TYPE_F32, G_MAXSIZE / 2, &bytes));
}

static void
test_names_and_numbers_find_their_type (void)
{
  for (guint t = 0; t < L4_N_TYPES; t++) {
    const L4TypeInfo *info = l4_type_info ((L4Type) t);
    g_autofree char *lower = g_ascii_strdown (info->name, -1);

    g_assert_cmpint (l4_type_from_name (lower), ==, t);
    g_assert_cmpstr (l4_type_name ((L4Type) t), ==, info->name);
    if (info->ggml >= 0)
      g_assert_cmpint (l4_type_from_ggml ((guint32) info->ggml), ==, t);
  }
  g_assert_cmpint (l4_type_from_ggml (9), ==, L4_TYPE_OTHER);
  g_assert_cmpint (l4_type_from_ggml (G_MAXUINT32), ==, L4_TYPE_OTHER);
  g_assert_cmpint (l4_type_from_name ("Q8_1"), ==, L4_TYPE_OTHER);
  g_assert_cmpstr (l4_type_name (L4_TYPE_OTHER), ==, "other");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint t = 0; t < L4_N_TYPES; t++) {
    g_autofree char *path = g_strconcat ("/type/weights-equal-the-reference/", l4_type_name ((L4Type) t), NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (t), test_weights_equal_the_reference);
  }
  for (guint t = L4_TYPE_IQ2_XXS; t <= L4_TYPE_TQ2_0; t++) {
    g_autofree char *path = g_strconcat ("/type/what-the-quantiser-wrote-is-read-as-it-meant/", l4_type_name ((L4Type) t), NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (t), test_what_the_quantiser_wrote_is_read_as_it_meant);
  }
  g_test_add_func ("/type/blocks-need-no-alignment", test_blocks_need_no_alignment);
  g_test_add_func ("/type/bytes-of-parts-of-blocks-are-refused", test_bytes_of_parts_of_blocks_are_refused);
  g_test_add_func ("/type/names-and-numbers-find-their-type", test_names_and_numbers_find_their_type);
  return g_test_run ();
}
