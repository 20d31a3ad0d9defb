/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights on their way from files into panels, against the plain dequantiser. */

#include <math.h>

#include "base/memory.h"
#include "blocks/type.h"
#include "compute/loader.h"
#include "compute/product.h"
#include "decoder/feed-forward.h"
#include "engine/footprint.h"
#include "support/blocks.h"
#include "support/safetensors.h"

enum { EXPERTS = 3, HIDDEN = 40, WIDTH = 48 };

/* Its only file is written, and opened. */
static L4Checkpoint *
make (Maker *maker, const Folder *folder)
{
  maker_write (maker, folder);
  return open_good (folder);
}

/* What weight gives for the unit vectors must be expected [n_out, n_in], transposed. */
static void
assert_weight (L4Compute *compute, const L4Weight *weight, const float *expected)
{
  gint64 n_out = weight->n_out, n_in = weight->n_in;
  l4_autofree float *x = l4_alloc (n_in * n_in * sizeof (float), "test", NULL);
  l4_autofree float *y = l4_alloc (n_in * n_out * sizeof (float), "test", NULL);

  for (gint64 k = 0; k < n_in; k++)
    x[k * n_in + k] = 1;
  g_assert_true (l4_multiply (compute, &(L4Product) {.weight = weight,.x = x,.m = n_in,.y = y }, 1, NULL));
  for (gint64 k = 0; k < n_in; k++)
    for (gint64 o = 0; o < n_out; o++)
      g_assert_cmpfloat_with_epsilon (y[k * n_out + o], expected[o * n_in + k], 1e-6 * fabsf (expected[o * n_in + k]) + 1e-12);
}

static void
test_fp8_rows_are_scaled (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autofree guint8 *bytes = blocks_random (random, L4_TYPE_F8_E4M3, WIDTH * HIDDEN);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_F32, 2, NULL);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (L4Loader) loader = NULL;
  g_autoptr (L4Weight) weight = NULL;
  g_autoptr (GError) error = NULL;
  float scales[WIDTH], expected[WIDTH * HIDDEN];
  Maker maker = maker_new ();

  l4_type_to_float (L4_TYPE_F8_E4M3, bytes, WIDTH * HIDDEN, expected);
  for (guint o = 0; o < WIDTH; o++) {
    scales[o] = 0.01f * (o + 1);
    for (guint k = 0; k < HIDDEN; k++)
      expected[o * HIDDEN + k] *= scales[o];
  }
  maker_add (&maker, "w.weight", "F8_E4M3", "[48,40]", bytes, WIDTH * HIDDEN);
  maker_add (&maker, "w.weight_scale", "F32", "[48,1]", scales, sizeof scales);
  maker_add (&maker, "u.weight", "F8_E4M3", "[48,40]", bytes, WIDTH * HIDDEN);
  checkpoint = make (&maker, folder);
  loader = l4_loader_new (compute, checkpoint, FALSE, 1, NULL, NULL, NULL);
  weight = l4_loader_weight (loader, WIDTH, HIDDEN, "w.weight");
  g_assert_nonnull (weight);
  g_assert_cmpint (weight->type, ==, L4_TYPE_F8_E4M3);
  assert_weight (compute, weight, expected);
  g_assert_null (l4_loader_weight (loader, WIDTH, HIDDEN, "u.weight"));
  g_assert_false (l4_loader_finish (loader, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "u.weight_scale"));
}

/* gate, up and down of all experts as floats, and the tensors that hold them in one of the forms. */
typedef struct
{
  float gate[EXPERTS][WIDTH][HIDDEN], up[EXPERTS][WIDTH][HIDDEN], down[EXPERTS][HIDDEN][WIDTH];
} Experts;

static void
add_experts (Maker *maker, const Experts *e, guint form)
{
  float *joined = g_new (float, EXPERTS * 2 * WIDTH * HIDDEN), *down = g_new (float, EXPERTS * WIDTH * HIDDEN);

  for (guint i = 0; i < EXPERTS; i++)
    for (guint w = 0; w < WIDTH; w++)
      for (guint h = 0; h < HIDDEN; h++) {
        joined[form == 0 ? (i * HIDDEN + h) * 2 * WIDTH + w : (i * 2 * WIDTH + w) * HIDDEN + h] = e->gate[i][w][h];
        joined[form == 0 ? (i * HIDDEN + h) * 2 * WIDTH + WIDTH + w : (i * 2 * WIDTH + WIDTH + w) * HIDDEN + h] = e->up[i][w][h];
        down[(i * WIDTH + w) * HIDDEN + h] = e->down[i][h][w];
      }
  if (form == 0) {              /* as published: rows are inputs, gate and up side by side */
    maker_add (maker, "f.experts.gate_up_proj", "F32", "[3,40,96]", joined, sizeof e->gate * 2);
    maker_add (maker, "f.experts.down_proj", "F32", "[3,48,40]", down, sizeof e->down);
  } else if (form == 1) {       /* GGUF, joined */
    maker_add (maker, "f.experts.gate_up_proj.weight", "F32", "[3,96,40]", joined, sizeof e->gate * 2);
    maker_add (maker, "f.experts.down_proj.weight", "F32", "[3,40,48]", e->down, sizeof e->down);
  } else if (form == 2) {       /* GGUF */
    maker_add (maker, "f.experts.gate_proj.weight", "F32", "[3,48,40]", e->gate, sizeof e->gate);
    maker_add (maker, "f.experts.up_proj.weight", "F32", "[3,48,40]", e->up, sizeof e->up);
    maker_add (maker, "f.experts.down_proj.weight", "F32", "[3,40,48]", e->down, sizeof e->down);
  } else {                      /* quantised Hugging Face checkpoints */
    for (guint i = 0; i < EXPERTS; i++) {
      static const char *const parts[] = { "gate", "up", "down" };
      gconstpointer data[] = { e->gate[i], e->up[i], e->down[i] };

      for (guint p = 0; p < 3; p++) {
        g_autofree char *name = g_strdup_printf ("f.experts.%u.%s_proj.weight", i, parts[p]);

        maker_add (maker, name, "F32", p == 2 ? "[40,48]" : "[48,40]", data[p], sizeof e->gate[0]);
      }
    }
  }
  g_free (joined);
  g_free (down);
}

static void
test_every_form_of_experts_is_the_same (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (2);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_F32, 2, NULL);
  g_autofree Experts *experts = g_new (Experts, 1);
  const L4TextConfig config = {.hidden = HIDDEN,.expert_width = WIDTH,.n_experts = EXPERTS,.top_k = 1 };

  for (gsize i = 0; i < sizeof *experts / sizeof (float); i++)
    ((float *) experts)[i] = g_rand_double_range (random, -1, 1);
  for (guint form = 0; form < 4; form++)
    for (guint map = 0; map < 2; map++) {
      g_autoptr (Folder) folder = folder_new ();
      g_autoptr (L4Checkpoint) checkpoint = NULL;
      g_autoptr (L4Loader) loader = NULL;
      g_autoptr (GError) error = NULL;
      Maker maker = maker_new ();
      L4Mixture mixture = { 0 };

      maker_add (&maker, "f.router.weight", "F32", "[3,40]", experts->gate, EXPERTS * HIDDEN * sizeof (float));
      maker_add (&maker, "f.shared_expert.gate_proj.weight", "F32", "[48,40]", experts->gate[0], sizeof experts->gate[0]);
      maker_add (&maker, "f.shared_expert.up_proj.weight", "F32", "[48,40]", experts->up[0], sizeof experts->up[0]);
      maker_add (&maker, "f.shared_expert.down_proj.weight", "F32", "[40,48]", experts->down[0], sizeof experts->down[0]);
      add_experts (&maker, experts, form);
      checkpoint = make (&maker, folder);
      loader = l4_loader_new (compute, checkpoint, map, 1, NULL, NULL, NULL);
      l4_mixture_load (&mixture, loader, &config, "f");
      g_assert_true (l4_loader_finish (loader, &error));
      g_assert_no_error (error);
      for (guint e = 0; e < EXPERTS; e++) {
        assert_weight (compute, mixture.experts[e].gate, &experts->gate[e][0][0]);
        assert_weight (compute, mixture.experts[e].up, &experts->up[e][0][0]);
        assert_weight (compute, mixture.experts[e].down, &experts->down[e][0][0]);
        g_assert_true ((mixture.experts[e].gate->rows != NULL) == (map && form != 0));
      }
      l4_mixture_clear (&mixture);
    }
}

static void
test_float32_matrices_become_bfloat16_but_the_router_stays (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 2, NULL);
  g_autofree guint8 *bytes = blocks_random (random, L4_TYPE_F32, WIDTH * HIDDEN);
  g_autoptr (L4Checkpoint) checkpoint = NULL;
  g_autoptr (L4Loader) loader = NULL;
  g_autoptr (L4Weight) rounded = NULL, kept = NULL;
  Maker maker = maker_new ();

  maker_add (&maker, "w.weight", "F32", "[48,40]", bytes, WIDTH * HIDDEN * sizeof (float));
  checkpoint = make (&maker, folder);
  loader = l4_loader_new (compute, checkpoint, FALSE, 1, NULL, NULL, NULL);
  rounded = l4_loader_weight (loader, WIDTH, HIDDEN, "w.weight");
  kept = l4_loader_weight_f32 (loader, WIDTH, HIDDEN, "w.weight");
  g_assert_cmpint (rounded->type, ==, L4_TYPE_BF16);
  g_assert_cmpint (kept->type, ==, L4_TYPE_F32);
  assert_weight (compute, kept, (const float *) bytes);
}

/* Bytes of weights in memory of a golden model, mapped; *all: read. */
static guint64
count_mapped (const char *name, guint64 *all)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", name, NULL);
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, NULL, NULL);
  g_autoptr (L4Config) config = l4_config_load (checkpoint, NULL);

  *all = l4_footprint_weights (checkpoint, config, L4_PRECISION_BF16, L4_LOAD_READ, FALSE);
  return l4_footprint_weights (checkpoint, config, L4_PRECISION_BF16, L4_LOAD_MAP, FALSE);
}

/* In a published folder the rows of experts are inputs, which no product reads. */
static void
test_experts_that_cannot_stay_in_their_file_count (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, NULL, NULL);
  guint64 all, experts = 0, mapped = count_mapped ("gguf-tiny/model.gguf", &all);

  g_assert_cmpuint (mapped, >, 0);
  g_assert_cmpuint (mapped, <, all / 20);
  for (guint i = 0; i < l4_checkpoint_get_n_tensors (checkpoint); i++) {
    const L4Tensor *tensor = l4_checkpoint_get_tensor (checkpoint, i);

    experts += strstr (tensor->name, ".experts.") != NULL ? tensor->bytes : 0;
  }
  mapped = count_mapped ("scout-tiny", &all);
  g_assert_cmpuint (mapped, >, experts);
  g_assert_cmpuint (mapped, <, all);
}

/* Whether the file has one for a matrix or one for a row, and wherever the matrix stays. */
static void
test_scales_count_as_they_are_in_memory (void)
{
  static const struct
  {
    const char *dims;
    guint n;
  } cases[] = { {"[1]", 1}, {"[]", 1}, {"[48,1]", WIDTH} };
  const guint8 bytes[WIDTH * HIDDEN] = { 0 };
  const float scales[WIDTH] = { 0 };
  const L4Config config = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autoptr (L4Checkpoint) checkpoint = NULL;
    Maker maker = maker_new ();

    maker_add (&maker, "layers.0.feed_forward.experts.0.up_proj.weight", "F8_E4M3", "[48,40]", bytes, sizeof bytes);
    maker_add (&maker, "layers.0.feed_forward.experts.0.up_proj.weight_scale", "F32", cases[i].dims, scales, cases[i].n * sizeof *scales);
    checkpoint = make (&maker, folder);
    g_assert_cmpuint (l4_footprint_weights (checkpoint, &config, L4_PRECISION_BF16, L4_LOAD_READ, FALSE), ==, sizeof bytes + sizeof scales);
    g_assert_cmpuint (l4_footprint_weights (checkpoint, &config, L4_PRECISION_BF16, L4_LOAD_MAP, FALSE), ==, sizeof scales);
    g_assert_cmpuint (l4_footprint_weights (checkpoint, &config, L4_PRECISION_BF16, L4_LOAD_STREAM, FALSE), ==, sizeof scales);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/loader/fp8-rows-are-scaled", test_fp8_rows_are_scaled);
  g_test_add_func ("/loader/every-form-of-experts-is-the-same", test_every_form_of_experts_is_the_same);
  g_test_add_func ("/loader/float32-matrices-become-bfloat16-but-the-router-stays",
      test_float32_matrices_become_bfloat16_but_the_router_stays);
  g_test_add_func ("/loader/experts-that-cannot-stay-in-their-file-count", test_experts_that_cannot_stay_in_their_file_count);
  g_test_add_func ("/loader/scales-count-as-they-are-in-memory", test_scales_count_as_they_are_in_memory);
  return g_test_run ();
}
