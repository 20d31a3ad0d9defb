/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What computing takes is what was forecast of it, whatever is the widest in a model. */

#include "base/memory.h"
#include "engine/footprint.h"
#include "golden-model.h"
#include "support/allocations.h"
#include "support/folder.h"
#include "support/program.h"

#define N L4_FORWARD_BATCH      /* tokens */
#define LIBRARIES 20            /* MB: what they allocate beside, as in l4_footprint_program() */

/* What is wide; the rest is narrow. */
typedef struct
{
  const char *name;
  guint n_heads, width, n_experts, top_k, expert_width;
} Shape;

static const Shape shapes[] = {
  {"attention-is", 128, 64, 0, 1, 64}, {"a-dense-layer-is", 2, 16384, 0, 1, 64}, {"an-expert-is", 2, 64, 2, 1, 8192},
  {"what-several-experts-have-is", 2, 64, 8, 4, 2048},
};

/* Random weights. (transfer full) */
static L4Llama *
load_shape (const Folder *folder, const Shape *shape)
{
  g_autofree char *config = g_strdup_printf ("{\"model_type\":\"llama4_text\",\"head_dim\":64,\"hidden_act\":\"silu\",\"hidden_size\":256,"
      "\"intermediate_size\":%u,\"intermediate_size_mlp\":%u,\"max_position_embeddings\":4096,\"moe_layers\":[%s],\"no_rope_layers\":[1],"
      "\"num_attention_heads\":%u,\"num_experts_per_tok\":%u,\"num_hidden_layers\":1,\"num_key_value_heads\":2,\"num_local_experts\":%u,"
      "\"rms_norm_eps\":1e-5,\"rope_theta\":500000,\"use_qk_norm\":false,\"vocab_size\":512,\"attention_chunk_size\":4096,"
      "\"eos_token_id\":1}", shape->expert_width, shape->width, shape->n_experts > 0 ? "0" : "", shape->n_heads, shape->top_k,
      MAX (shape->n_experts, 1));
  g_autofree char *written = folder_write (folder, "config.json", config, -1), *model = g_build_filename (folder, "model.gguf", NULL);
  g_autofree char *said = succeed ("synth %s %s --type Q4_0", folder, model);
  const L4LoadOptions options = {.model_path = model,.threads = 2 };
  g_autoptr (GError) error = NULL;
  L4Llama *llama = l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return llama;
}

static void
test_computing_takes_what_was_forecast (gconstpointer data)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Llama) model = load_shape (folder, data);
  const L4TextConfig *text = &model->config->text;
  g_autoptr (L4Cache) cache = l4_cache_new (model->compute, text, FALSE, N, NULL);
  g_autofree gint32 *ids = g_new0 (gint32, N);
  g_autofree float *logits = g_new (float, text->vocab);
  l4_autofree float *h = NULL;
  double planned = (double) l4_footprint_work (model->config, N, 2) / 1e6, taken;

  for (guint i = 0; i < N; i++)
    ids[i] = i % 512;
  allocations_reset ();
  h = l4_llama_embed (model, ids, N, NULL, 0, NULL);
  g_assert_true (h != NULL && l4_llama_forward (model, cache, h, N, 1, logits, NULL, NULL));
  taken = (double) allocations_peak () / 1e6;
  g_test_message ("%.1f MB planned, %.1f taken", planned, taken);
  if (COUNTS_ALLOCATIONS)
    g_assert_cmpfloat (taken, <=, planned + LIBRARIES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    g_autofree char *name = g_strdup_printf ("/footprint/computing-takes-what-was-forecast-where-%s-wide", shapes[i].name);

    g_test_add_data_func (name, &shapes[i], test_computing_takes_what_was_forecast);
  }
  return g_test_run ();
}
