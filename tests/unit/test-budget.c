/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the published shapes cost, against sums that were made by hand. */

#include "weights/budget.h"

#define GIB 1073741824.0

static L4Config *
load (const char *name)
{
  g_autofree char *folder = g_build_filename (g_getenv ("LLAMA4_DATA_DIR"), "shapes", name, NULL);
  g_autoptr (GError) error = NULL;
  L4Config *config = l4_config_load_folder (folder, &error);

  g_assert_no_error (error);
  return config;
}

static void
test_parameters_are_those_published (void)
{
  g_autoptr (L4Config) scout = load ("scout"), maverick = load ("maverick");
  L4Counts counts;

  l4_budget_count (scout, &counts);
  g_assert_cmpuint (counts.text + counts.vision, ==, G_GUINT64_CONSTANT (108641793536));
  g_assert_cmpuint (counts.active, ==, G_GUINT64_CONSTANT (17172894720));
  l4_budget_count (maverick, &counts);
  g_assert_cmpuint (counts.text + counts.vision, ==, G_GUINT64_CONSTANT (401583781376));
  g_assert_cmpuint (counts.active, ==, G_GUINT64_CONSTANT (17184691200));
}

/* Announced: 288 G a token, 16 experts, nearly 2000 G. */
static void
test_assumed_shapes_agree_with_what_was_announced (void)
{
  static const char *const names[] = { "behemoth-few-layers", "behemoth-many-layers" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (L4Config) config = load (names[i]);
    L4Counts counts;

    l4_budget_count (config, &counts);
    g_assert_cmpint (config->text.n_experts, ==, 16);
    g_assert_cmpfloat_with_epsilon (counts.active / 288e9, 1, 0.01);
    g_assert_cmpfloat_with_epsilon (counts.text / 1975e9, 1, 0.02);
  }
}

static void
test_the_cache_grows_with_the_whole_context_layers_alone (void)
{
  static const struct
  {
    gint64 n;
    double full;
  } rows[] = { {8192, 0.375}, {131072, 6}, {262144, 12}, {1048576, 48}, {10485760, 480} };
  g_autoptr (L4Config) config = load ("scout");
  double full, chunked;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    l4_budget_cache (&config->text, rows[i].n, 2, &full, &chunked);
    g_assert_cmpfloat (full / GIB, ==, rows[i].full);
    g_assert_cmpfloat (chunked / GIB, ==, 1.125);
  }
  l4_budget_cache (&config->text, 4096, 1, &full, &chunked);
  g_assert_cmpfloat (full / GIB, ==, 0.09375);
  g_assert_cmpfloat (chunked / GIB, ==, 0.28125);
}

static void
test_weights_have_the_sizes_of_real_files (void)
{
  g_autoptr (L4Config) scout = load ("scout"), maverick = load ("maverick");

  g_assert_cmpfloat_with_epsilon (l4_budget_text_bytes (scout, L4_TYPE_BF16) / 215.5e9, 1, 0.002);
  g_assert_cmpfloat_with_epsilon (l4_budget_text_bytes (scout, L4_TYPE_Q8_0) / 114.5e9, 1, 0.002);
  g_assert_cmpfloat_with_epsilon (l4_budget_text_bytes (scout, L4_TYPE_Q4_K) / 60.6e9, 1, 0.002);
  g_assert_cmpuint (l4_budget_text_bytes (scout, L4_TYPE_Q4_0), ==, l4_budget_text_bytes (scout, L4_TYPE_Q4_K));
  g_assert_cmpfloat_with_epsilon (l4_budget_text_bytes (maverick, L4_TYPE_Q4_0) / 225.5e9, 1, 0.002);
  g_assert_cmpfloat_with_epsilon (l4_budget_vision_bytes (scout, L4_TYPE_F16) / 1.747e9, 1, 0.002);
}

static void
test_a_token_reads_and_multiplies_what_it_meets (void)
{
  static const char *const names[] = { "scout", "maverick" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (L4Config) config = load (names[i]);
    L4Work work;

    l4_budget_tokens (config, L4_TYPE_Q4_0, 2, 0, 1, &work);
    g_assert_cmpfloat_with_epsilon (work.operations / 32.3e9, 1, 0.005);
    g_assert_cmpfloat_with_epsilon (work.weight_bytes / 9.07e9, 1, 0.01);
    l4_budget_tokens (config, L4_TYPE_BF16, 2, 0, 1, &work);
    g_assert_cmpfloat_with_epsilon (work.weight_bytes / 32.3e9, 1, 0.005);
  }
}

/* The 8193rd token begins a chunk: on 36 layers it sees itself alone. */
static void
test_attention_counts_only_the_keys_that_are_seen (void)
{
  g_autoptr (L4Config) config = load ("scout");
  L4Work one, last, next, both, twice;

  l4_budget_tokens (config, L4_TYPE_Q4_0, 2, 0, 1, &one);
  l4_budget_tokens (config, L4_TYPE_Q4_0, 2, 8191, 1, &last);
  l4_budget_tokens (config, L4_TYPE_Q4_0, 2, 8192, 1, &next);
  g_assert_cmpfloat_with_epsilon (last.operations - one.operations, 4.0 * 8191 * 48 * 5120, 1e3);
  g_assert_cmpfloat_with_epsilon (next.operations - one.operations, 4.0 * 8192 * 12 * 5120, 1e3);
  l4_budget_tokens (config, L4_TYPE_Q4_0, 2, 8191, 2, &both);
  twice = last;
  twice.operations += next.operations - 2.0 * 5120 * 202048;    /* logits of the last token alone */
  g_assert_cmpfloat_with_epsilon (both.operations, twice.operations, 1e3);
}

static void
test_a_prompt_reads_an_expert_once (void)
{
  g_autoptr (L4Config) config = load ("scout");
  double all = (double) l4_budget_text_bytes (config, L4_TYPE_Q4_0);
  L4Work prompt;

  l4_budget_tokens (config, L4_TYPE_Q4_0, 2, 0, 2048, &prompt);
  g_assert_cmpfloat (prompt.weight_bytes, <, all);
  g_assert_cmpfloat (prompt.weight_bytes, >, 0.98 * all);
}

static void
test_a_tile_takes_a_million_million_operations (void)
{
  g_autoptr (L4Config) config = load ("maverick");
  L4Work tile;

  l4_budget_tile (config, L4_TYPE_F16, &tile);
  g_assert_cmpfloat_with_epsilon (tile.operations / 1e12, 1, 0.03);
  config->has_vision = FALSE;
  l4_budget_tile (config, L4_TYPE_F16, &tile);
  g_assert_cmpfloat (tile.operations, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/budget/parameters-are-those-published", test_parameters_are_those_published);
  g_test_add_func ("/budget/assumed-shapes-agree-with-what-was-announced", test_assumed_shapes_agree_with_what_was_announced);
  g_test_add_func ("/budget/the-cache-grows-with-the-whole-context-layers-alone",
      test_the_cache_grows_with_the_whole_context_layers_alone);
  g_test_add_func ("/budget/weights-have-the-sizes-of-real-files", test_weights_have_the_sizes_of_real_files);
  g_test_add_func ("/budget/a-token-reads-and-multiplies-what-it-meets", test_a_token_reads_and_multiplies_what_it_meets);
  g_test_add_func ("/budget/attention-counts-only-the-keys-that-are-seen", test_attention_counts_only_the_keys_that_are_seen);
  g_test_add_func ("/budget/a-prompt-reads-an-expert-once", test_a_prompt_reads_an_expert_once);
  g_test_add_func ("/budget/a-tile-takes-a-million-million-operations", test_a_tile_takes_a_million_million_operations);
  return g_test_run ();
}
