/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tensors of the published shapes: their number of weights, names and types. */

#include "weights/layout.h"

static L4Config *
load (const char *name)
{
  g_autofree char *folder = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "shapes", name, NULL);
  g_autoptr (GError) error = NULL;
  L4Config *config = l4_config_load_folder (folder, &error);

  g_assert_no_error (error);
  return config;
}

/* Of the kinds in the set (bits), without the divisors, which are no parameters. */
static guint64
count (GArray *layout, guint kinds)
{
  guint64 n = 0;

  for (guint i = 0; i < layout->len; i++) {
    const L4LayoutTensor *tensor = &g_array_index (layout, L4LayoutTensor, i);

    n += kinds & 1u << tensor->kind ? tensor->n_elements : 0;
  }
  return n;
}

#define ALL (~(1u << L4_LAYOUT_ROPE))

static void
test_published_shapes_have_the_published_numbers_of_parameters (void)
{
  static const struct
  {
    const char *name;
    guint64 text, experts;
  } shapes[] = {
    {"scout", G_GUINT64_CONSTANT (107769861120), G_GUINT64_CONSTANT (96636764160)},
    {"maverick", G_GUINT64_CONSTANT (400711848960), G_GUINT64_CONSTANT (386547056640)},
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    g_autoptr (L4Config) config = load (shapes[i].name);
    g_autoptr (GArray) text = l4_layout_text (&config->text, TRUE);
    g_autoptr (GArray) vision = l4_layout_vision (&config->vision, config->text.hidden);

    g_assert_cmpuint (count (text, ALL), ==, shapes[i].text);
    g_assert_cmpuint (count (text, 1u << L4_LAYOUT_EXPERTS), ==, shapes[i].experts);
    g_assert_cmpuint (count (vision, ALL), ==, 850960896 + 20971520);
  }
}

static void
test_scaled_positions_have_divisors (void)
{
  g_autoptr (L4Config) scout = load ("scout"), maverick = load ("maverick");
  L4RopeConfig early = scout->text.rope;
  float divisors[64];
  static const float blended[] = { 1.2075f, 1.5534f, 2.0263f, 2.6945f, 3.6843f, 5.2573f };

  l4_layout_rope_divisors (&scout->text.rope, 64, divisors);
  for (guint i = 0; i < 64; i++)
    g_assert_cmpfloat (divisors[i], ==, i < 35 ? 1 : 16);
  l4_layout_rope_divisors (&maverick->text.rope, 64, divisors);
  for (guint i = 0; i < 64; i++)
    g_assert_cmpfloat (divisors[i], ==, 1);
  early.factor = 8;             /* as the files of the first days had it */
  early.high_freq_factor = 4;
  l4_layout_rope_divisors (&early, 64, divisors);
  for (guint i = 0; i < 64; i++)
    if (i >= 29 && i < 35)
      g_assert_cmpfloat_with_epsilon (divisors[i], blended[i - 29], 1e-4);
    else
      g_assert_cmpfloat (divisors[i], ==, i < 29 ? 1 : 8);
}

static void
test_types_follow_kind_and_width (void)
{
  const L4LayoutTensor matrix = {.kind = L4_LAYOUT_ATTENTION,.n_dims = 2,.dims = {8, 5120} };
  const L4LayoutTensor narrow = {.kind = L4_LAYOUT_VISION,.n_dims = 2,.dims = {8, 1408} };
  const L4LayoutTensor patch = {.kind = L4_LAYOUT_VISION,.n_dims = 2,.dims = {1408, 588} };
  const L4LayoutTensor router = {.kind = L4_LAYOUT_ROUTER,.n_dims = 2,.dims = {16, 5120} };

  g_assert_cmpint (l4_layout_type (&matrix, L4_TYPE_Q4_K), ==, L4_TYPE_Q4_K);
  g_assert_cmpint (l4_layout_type (&narrow, L4_TYPE_Q4_K), ==, L4_TYPE_Q8_0);
  g_assert_cmpint (l4_layout_type (&narrow, L4_TYPE_Q4_0), ==, L4_TYPE_Q4_0);
  g_assert_cmpint (l4_layout_type (&patch, L4_TYPE_Q8_0), ==, L4_TYPE_F16);
  g_assert_cmpint (l4_layout_type (&router, L4_TYPE_Q4_0), ==, L4_TYPE_F32);
}

static void
test_every_tensor_has_both_names_once (void)
{
  g_autoptr (L4Config) config = load ("maverick");
  g_autoptr (GArray) text = l4_layout_text (&config->text, TRUE);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal), sources = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < text->len; i++) {
    const L4LayoutTensor *tensor = &g_array_index (text, L4LayoutTensor, i);

    g_assert_true (g_hash_table_add (names, tensor->name));
    g_assert_true (g_hash_table_add (sources, tensor->source));
    g_assert_true (g_str_has_prefix (tensor->source, "language_model."));
  }
  g_assert_true (g_hash_table_contains (names, "blk.47.ffn_down_exps.weight"));
  g_assert_true (g_hash_table_contains (names, "blk.46.ffn_down.weight"));
  g_assert_true (g_hash_table_contains (sources, "language_model.model.layers.46.feed_forward.down_proj.weight"));
  g_assert_cmpuint (text->len, ==, 3 + 24 * (6 + 3) + 24 * (6 + 7));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/published-shapes-have-the-published-numbers-of-parameters",
      test_published_shapes_have_the_published_numbers_of_parameters);
  g_test_add_func ("/layout/scaled-positions-have-divisors", test_scaled_positions_have_divisors);
  g_test_add_func ("/layout/types-follow-kind-and-width", test_types_follow_kind_and_width);
  g_test_add_func ("/layout/every-tensor-has-both-names-once", test_every_tensor_has_both_names_once);
  return g_test_run ();
}
