/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of a checkpoint: what both generations of files mean. */

#include "support/config.h"

/* A text-only file with just what must be there. */
#define SMALLEST \
  "{'model_type':'llama4_text','hidden_size':64,'intermediate_size':32,'num_hidden_layers':5,'num_attention_heads':4," \
  "'num_key_value_heads':4,'num_local_experts':2,'vocab_size':100}"

static L4Config *
load_good (const Folder *folder)
{
  g_autoptr (GError) error = NULL;
  L4Config *config = l4_config_load_folder (folder, &error);

  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

/* config.json with one change. */
static L4Config *
load_changed (const char *text, const char *from, const char *to)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *changed = replaced (text, from, to);

  put (folder, "config.json", changed);
  return load_good (folder);
}

/* One letter a layer: r RoPE, c chunked, m MoE, in this order, - for not. */
static void
assert_layers (const L4Config *config, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (gint64 i = 0; i < config->text.n_layers; i++)
    g_string_append_printf (text, "%s%c%c%c", i > 0 ? " " : "", config->text.layers[i].rope ? 'r' : '-',
        config->text.layers[i].chunked ? 'c' : '-', config->text.layers[i].moe ? 'm' : '-');
  g_assert_cmpstr (text->str, ==, expected);
}

static void
assert_stops (const L4Config *config, guint n, const gint64 *ids)
{
  g_assert_cmpmem (config->stop_tokens, config->n_stop_tokens * sizeof *ids, ids, n * sizeof *ids);
}

static void
test_published (void)
{
  g_autoptr (L4Config) config = load_changed (PUBLISHED, NULL, NULL);
  const L4TextConfig *text = &config->text;
  const L4VisionConfig *vision = &config->vision;

  g_assert_true (config->has_vision && config->text_prefix);
  g_assert_cmpint (text->hidden, ==, 96);
  g_assert_cmpint (text->n_heads, ==, 6);
  g_assert_cmpint (text->n_kv_heads, ==, 2);
  g_assert_cmpint (text->head_dim, ==, 16);
  g_assert_cmpint (text->expert_width, ==, 32);
  g_assert_cmpint (text->dense_width, ==, 192);
  g_assert_cmpint (text->n_experts, ==, 128);
  g_assert_cmpint (text->top_k, ==, 1);
  g_assert_cmpint (text->vocab, ==, 456);
  g_assert_cmpint (text->context, ==, 4096);
  g_assert_cmpint (text->chunk, ==, 48);
  g_assert_cmpfloat (text->rms_eps, ==, 1e-5);
  g_assert_true (text->temperature && !text->qk_norm && !text->attention_bias && !text->tied);
  g_assert_cmpfloat (text->floor_scale, ==, 16);
  g_assert_cmpfloat (text->attn_scale, ==, 0.1);
  g_assert_cmpfloat (text->rope.theta, ==, 500000);
  g_assert_cmpfloat (text->rope.factor, ==, 16);
  g_assert_cmpfloat (text->rope.low_freq_factor, ==, 1);
  g_assert_cmpfloat (text->rope.high_freq_factor, ==, 1);
  g_assert_cmpfloat (text->rope.original_context, ==, 8192);
  assert_layers (config, "rc- rcm rc- --m rc- rcm rc- --m");
  g_assert_cmpint (vision->image_size, ==, 56);
  g_assert_cmpint (vision->patch_size, ==, 14);
  g_assert_cmpint (vision->channels, ==, 3);
  g_assert_cmpint (vision->hidden, ==, 48);
  g_assert_cmpint (vision->n_heads, ==, 3);
  g_assert_cmpint (vision->n_layers, ==, 3);
  g_assert_cmpint (vision->intermediate, ==, 192);
  g_assert_cmpint (vision->shuffle, ==, 2);
  g_assert_cmpint (vision->projector_input, ==, 64);
  g_assert_cmpint (vision->output, ==, 64);
  g_assert_cmpfloat (vision->rope_theta, ==, 10000);
  g_assert_cmpint (l4_vision_grid (vision), ==, 4);
  g_assert_cmpint (l4_vision_tokens_per_tile (vision), ==, 4);
  g_assert_cmpint (config->image_token, ==, 452);
  g_assert_cmpint (config->image_start_token, ==, 449);
  g_assert_cmpint (config->image_end_token, ==, 450);
  g_assert_cmpint (config->bos_token, ==, 442);
  g_assert_cmpint (config->pad_token, ==, 455);
  assert_stops (config, 2, (gint64[]) { 443, 447 });
}

static void
test_newer (void)
{
  g_autofree char *text = replaced (PUBLISHED, "'rope_theta':500000.0,", "");
  g_autofree char *renamed = replaced (text, "'rope_scaling':{", "'rope_parameters':{'rope_theta':250000,");
  g_autofree char *vision = replaced (renamed, "'rope_theta':10000,", "'rope_parameters':{'rope_theta':9000.0,'rope_type':'default'},");
  g_autofree char *id = replaced (vision, "'image_token_index'", "'image_token_id'");
  g_autoptr (L4Config) config = load_changed (id, "'torch_dtype'", "'dtype'");

  g_assert_cmpfloat (config->text.rope.theta, ==, 250000);
  g_assert_cmpfloat (config->text.rope.factor, ==, 16);
  g_assert_cmpfloat (config->vision.rope_theta, ==, 9000);
  g_assert_cmpint (config->image_token, ==, 452);
}

static void
test_smallest (void)
{
  g_autoptr (L4Config) config = load_changed (SMALLEST, NULL, NULL);
  const L4TextConfig *text = &config->text;

  g_assert_false (config->has_vision || config->text_prefix);
  g_assert_cmpint (text->head_dim, ==, 16);
  g_assert_cmpint (text->dense_width, ==, 0);
  g_assert_cmpint (text->top_k, ==, 1);
  g_assert_cmpint (text->chunk, ==, 8192);
  g_assert_cmpint (text->context, ==, 131072);
  g_assert_true (text->temperature && text->qk_norm && !text->tied && !text->attention_bias);
  g_assert_cmpfloat (text->floor_scale, ==, 8192);
  g_assert_cmpfloat (text->attn_scale, ==, 0.1);
  g_assert_cmpfloat (text->rms_eps, ==, 1e-5);
  g_assert_cmpfloat (text->rope.theta, ==, 500000);
  g_assert_cmpfloat (text->rope.factor, ==, 0);
  assert_layers (config, "rcm rcm rcm --m rcm");
  g_assert_cmpuint (config->n_stop_tokens, ==, 0);
  g_assert_cmpint (config->bos_token, ==, -1);
  g_assert_cmpint (config->pad_token, ==, -1);
  g_assert_cmpint (config->image_token, ==, -1);
  g_assert_cmpint (config->image_start_token, ==, -1);
  g_assert_cmpint (config->image_end_token, ==, -1);
}

/* SMALLEST with further keys. */
static L4Config *
load_with (const char *more)
{
  g_autofree char *to = g_strdup_printf ("'vocab_size':100,%s}", more);

  return load_changed (SMALLEST, "'vocab_size':100}", to);
}

typedef struct
{
  const char *name;
  const char *more;             /* keys for SMALLEST */
  const char *layers;
} LayerCase;

static const LayerCase layer_cases[] = {
  {"no-rope-layers-of-1-use-rope", "'no_rope_layers':[0,1,0,1,1]", "--m rcm --m rcm rcm"},
  {"no-rope-layers-may-be-flags", "'no_rope_layers':[false,true,false,true,true]", "--m rcm --m rcm rcm"},
  {"null-no-rope-layers-mean-every-fourth", "'no_rope_layers':null", "rcm rcm rcm --m rcm"},
  {"empty-no-rope-layers-mean-the-interval", "'no_rope_layers':[],'no_rope_layer_interval':2", "rcm --m rcm --m rcm"},
  {"a-no-rope-list-beats-the-interval", "'no_rope_layers':[1,1,1,1,1],'no_rope_layer_interval':2", "rcm rcm rcm rcm rcm"},
  {"the-published-interval-key-has-no-effect", "'nope_layer_interval':2", "rcm rcm rcm --m rcm"},
  {"layer-types-decide-about-chunks-alone", "'layer_types':['full_attention','chunked_attention','full_attention',"
      "'chunked_attention','full_attention']", "r-m rcm r-m -cm r-m"},
  {"a-null-chunk-means-full-attention", "'attention_chunk_size':null", "r-m r-m r-m --m r-m"},
  {"a-zero-chunk-means-full-attention", "'attention_chunk_size':0", "r-m r-m r-m --m r-m"},
  {"every-second-layer-has-experts", "'interleave_moe_layer_step':2,'intermediate_size_mlp':8", "rc- rcm rc- --m rc-"},
  {"a-list-of-expert-layers-beats-the-step", "'interleave_moe_layer_step':2,'moe_layers':[0,4],'intermediate_size_mlp':8",
      "rcm rc- rc- --- rcm"},
  {"an-empty-list-of-expert-layers-means-dense", "'moe_layers':[],'intermediate_size_mlp':8", "rc- rc- rc- --- rc-"},
  {"a-step-of-zero-means-dense", "'interleave_moe_layer_step':0,'intermediate_size_mlp':8", "rc- rc- rc- --- rc-"},
};

static void
test_layers (gconstpointer data)
{
  const LayerCase *one = data;
  g_autoptr (L4Config) config = load_with (one->more);

  assert_layers (config, one->layers);
  g_assert_cmpint (config->text.n_experts, ==, strchr (one->layers, 'm') != NULL ? 2 : 0);
}

static void
test_dense (void)
{
  g_autofree char *text = replaced (SMALLEST, "'num_local_experts':2", "'num_local_experts':0");
  g_autofree char *dense = replaced (text, "'intermediate_size'", "'intermediate_size_mlp'");
  g_autoptr (L4Config) config = load_changed (dense, "'vocab_size':100", "'vocab_size':100,'interleave_moe_layer_step':0,"
      "'num_experts_per_tok':0,'moe_layers':[],'attention_chunk_size':null,'no_rope_layers':[1,1,1,1,1]");

  assert_layers (config, "r-- r-- r-- r-- r--");
  g_assert_cmpint (config->text.n_experts, ==, 0);
  g_assert_cmpint (config->text.top_k, ==, 0);
  g_assert_cmpint (config->text.dense_width, ==, 32);
  g_assert_cmpint (config->text.chunk, ==, 0);
}

/* As FP8 checkpoints of Maverick have it. */
static void
test_fp8 (void)
{
  g_autoptr (L4Config) config = load_changed (PUBLISHED, "'boi_token_index'", "'quantization_config':{'config_groups':{'group_0':{"
      "'input_activations':{'dynamic':true,'num_bits':8,'strategy':'token','symmetric':true,'type':'float'},'output_activations':"
      "null,'targets':['Linear'],'weights':{'actorder':null,'block_structure':null,'dynamic':false,'group_size':null,'num_bits':8,"
      "'observer':'minmax','observer_kwargs':{},'strategy':'channel','symmetric':true,'type':'float'}}},'format':"
      "'float-quantized','global_compression_ratio':1.2,'ignore':['lm_head'],'kv_cache_scheme':null,'quant_method':"
      "'compressed-tensors','quantization_status':'compressed'},'boi_token_index'");

  g_assert_cmpint (config->text.n_experts, ==, 128);
}

/* As int4 checkpoints of Scout have it. */
static void
test_int4 (void)
{
  g_autoptr (L4Config) config = load_changed (PUBLISHED, "'boi_token_index'", "'quantization_config':{'config_groups':{'group_0':{"
      "'input_activations':null,'output_activations':null,'targets':['Linear'],'weights':{'actorder':'weight','block_structure':null,'dynamic':"
      "false,'group_size':128,'num_bits':4,'observer':'minmax','observer_kwargs':{},'strategy':'group','symmetric':true,'type':'int'}}},"
      "'format':'pack-quantized','global_compression_ratio':1.9,'ignore':['language_model.lm_head','re:.*router'],'kv_cache_scheme':null,"
      "'quant_method':'compressed-tensors','quantization_status':'compressed','sparsity_config':{},'transform_config':{},'version':'0.10.2'},"
      "'boi_token_index'");

  g_assert_cmpint (config->text.n_experts, ==, 128);
}

/* A text-only relative of only dense layers, without chunks, all with rotary positions. */
static void
test_guard (void)
{
  g_autoptr (L4Config) config = load_changed (SMALLEST, "'num_local_experts':2", "'num_local_experts':0,'moe_layers':[],"
      "'attention_chunk_size':null,'no_rope_layers':[1,1,1,1,1],'intermediate_size_mlp':8");

  assert_layers (config, "r-- r-- r-- r-- r--");
  g_assert_true (!config->has_vision && !config->text_prefix && config->text.chunk == 0 && config->text.n_experts == 0);
  g_assert_true (config->text.dense_width == 8 && config->text.expert_width == 0);
}

static void
test_temperature (void)
{
  static const struct
  {
    const char *more;
    gboolean on;
  } forms[] = {
    {"'x':0", TRUE}, {"'attn_temperature_tuning':true", TRUE}, {"'attn_temperature_tuning':4", TRUE},
    {"'attn_temperature_tuning':0.5", TRUE}, {"'attn_temperature_tuning':false", FALSE}, {"'attn_temperature_tuning':0", FALSE},
    {"'attn_temperature_tuning':null", FALSE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_autoptr (L4Config) config = load_with (forms[i].more);

    g_assert_cmpint (config->text.temperature, ==, forms[i].on);
  }
}

static void
test_rope (void)
{
  g_autoptr (L4Config) null = load_changed (PUBLISHED, "'rope_type':'llama3'}", "'rope_type':'default'}");
  g_autoptr (L4Config) old = load_changed (PUBLISHED, "'rope_type':'llama3'", "'type':'llama3'");
  g_autoptr (L4Config) none = load_with ("'rope_scaling':null,'rope_theta':1000");

  g_assert_cmpfloat (null->text.rope.factor, ==, 0);
  g_assert_cmpfloat (old->text.rope.factor, ==, 16);
  g_assert_cmpfloat (none->text.rope.factor, ==, 0);
  g_assert_cmpfloat (none->text.rope.theta, ==, 1000);
}

static void
test_tied (void)
{
  g_autoptr (L4Config) whole = load_changed (PUBLISHED, "'tie_word_embeddings':false", "'tie_word_embeddings':true");
  g_autoptr (L4Config) text = load_changed (PUBLISHED, "'attention_bias':false", "'tie_word_embeddings':true");
  g_autoptr (L4Config) alone = load_with ("'tie_word_embeddings':true");

  g_assert_true (whole->text.tied && text->text.tied && alone->text.tied);
}

static void
test_without_vision (void)
{
  g_autoptr (L4Config) config = load_changed ("{'model_type':'llama4','text_config':" SMALLEST "}", NULL, NULL);

  g_assert_true (config->text_prefix);
  g_assert_false (config->has_vision);
  g_assert_cmpint (config->vision.image_size, ==, 0);
}

static void
test_stop_ids (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Config) config = NULL;

  put (folder, "config.json", PUBLISHED);
  put (folder, "generation_config.json", "{'bos_token_id':441,'eos_token_id':[447,446,443],'pad_token_id':454,'temperature':0.6}");
  config = load_good (folder);
  assert_stops (config, 3, (gint64[]) { 443, 447, 446 });
  g_assert_cmpint (config->bos_token, ==, 441);
  g_assert_cmpint (config->pad_token, ==, 454);
}

static void
assert_processor (const L4Config *config, gint64 max_patches, gboolean to_max)
{
  g_assert_cmpint (config->vision.max_patches, ==, max_patches);
  g_assert_cmpint (config->vision.resize_to_max_canvas, ==, to_max);
}

static void
test_processor (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Config) none = NULL, published = NULL, beside = NULL, newer = NULL;

  put (folder, "config.json", PUBLISHED);
  none = load_good (folder);
  assert_processor (none, 16, FALSE);
  put (folder, "preprocessor_config.json", PROCESSOR);
  published = load_good (folder);
  assert_processor (published, 4, TRUE);
  put (folder, "processor_config.json", "{'patch_size':14,'processor_class':'Llama4Processor'}");
  beside = load_good (folder);
  assert_processor (beside, 4, TRUE);
  put (folder, "processor_config.json", "{'image_processor':{'max_patches':9}}");
  newer = load_good (folder);
  assert_processor (newer, 9, FALSE);
}

static void
test_processor_without_vision (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autoptr (L4Config) config = NULL;

  put (folder, "config.json", SMALLEST);
  put (folder, "preprocessor_config.json", "{");
  config = load_good (folder);
  g_assert_cmpint (config->vision.max_patches, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (layer_cases); i++) {
    g_autofree char *path = g_strdup_printf ("/config/layers/%s", layer_cases[i].name);

    g_test_add_data_func (path, &layer_cases[i], test_layers);
  }
  g_test_add_func ("/config/reads-published-keys", test_published);
  g_test_add_func ("/config/reads-newer-keys", test_newer);
  g_test_add_func ("/config/absent-keys-mean-the-reference's-defaults", test_smallest);
  g_test_add_func ("/config/a-model-without-experts-is-dense", test_dense);
  g_test_add_func ("/config/8-bit-floats-with-a-scale-a-row-are-read", test_fp8);
  g_test_add_func ("/config/integers-of-4-bits-in-groups-are-read", test_int4);
  g_test_add_func ("/config/dense-relatives-have-neither-chunks-nor-experts", test_guard);
  g_test_add_func ("/config/temperature-is-on-unless-switched-off", test_temperature);
  g_test_add_func ("/config/rope-scaling-has-two-names", test_rope);
  g_test_add_func ("/config/embeddings-may-be-tied", test_tied);
  g_test_add_func ("/config/vision-may-be-absent", test_without_vision);
  g_test_add_func ("/config/end-ids-are-the-union-of-the-files", test_stop_ids);
  g_test_add_func ("/config/processor/is-found-in-either-file", test_processor);
  g_test_add_func ("/config/processor/is-not-read-without-vision", test_processor_without_vision);
  return g_test_run ();
}
