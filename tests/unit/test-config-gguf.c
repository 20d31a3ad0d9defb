/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of a model from the metadata of GGUF files. */

#include "config/config.h"
#include "support/config.h"
#include "support/gguf.h"

/* Two layers, the second with experts, as llama.cpp writes it. */
#define KEYS \
  STR ("general.architecture", "llama4") U32 ("llama4.block_count", 2) U32 ("llama4.context_length", 4096) \
  U32 ("llama4.embedding_length", 8) U32 ("llama4.feed_forward_length", 12) U32 ("llama4.expert_feed_forward_length", 6) \
  U32 ("llama4.attention.head_count", 2) U32 ("llama4.attention.head_count_kv", 1) U32 ("llama4.attention.key_length", 6) \
  U32 ("llama4.attention.value_length", 6) U32 ("llama4.rope.dimension_count", 6) F32 ("llama4.rope.freq_base", 500000) \
  F32 ("llama4.attention.layer_norm_rms_epsilon", 0.00001) U32 ("llama4.expert_count", 4) U32 ("llama4.expert_used_count", 1) \
  U32 ("llama4.interleave_moe_layer_step", 2) U32 ("llama4.vocab_size", 9)
#define TOKENS \
  ARR ("tokenizer.ggml.tokens", 8, 9) "<a> <<|begin_of_text|>> <<|end_of_text|>> <<|eom|>> <<|eot|>> <<|image_start|>> " \
  "<<|image_end|>> <<|patch|>> <pad> " U32 ("tokenizer.ggml.bos_token_id", 1) U32 ("tokenizer.ggml.eos_token_id", 4) \
  U32 ("tokenizer.ggml.padding_token_id", 8)
#define TENSORS \
  TENSOR2 ("token_embd.weight", 8, 9, 0, 0) TENSOR2 ("output.weight", 8, 9, 0, 288) TENSOR1 ("rope_freqs.weight", 3, 0, 576) \
  TENSOR2 ("blk.1.ffn_gate_inp.weight", 8, 4, 0, 608)
#define DATA "|32 *576 f:1 f:2.5 f:16 |32 *128 "
#define MODEL "'GGUF' 3:4 4:8 21:8 " KEYS TOKENS TENSORS DATA

#define VISION_KEYS \
  STR ("general.architecture", "clip") BOOL ("clip.has_vision_encoder", 1) STR ("clip.projector_type", "llama4") \
  BOOL ("clip.use_gelu", 1) U32 ("clip.vision.image_size", 56) U32 ("clip.vision.patch_size", 14) \
  U32 ("clip.vision.embedding_length", 16) U32 ("clip.vision.feed_forward_length", 64) U32 ("clip.vision.block_count", 3) \
  U32 ("clip.vision.attention.head_count", 2) F32 ("clip.vision.attention.layer_norm_epsilon", 0.00002) \
  U32 ("clip.vision.projector.scale_factor", 2) ARR ("clip.vision.image_mean", 6, 3) "f:0.5 f:0.5 f:0.5 "
#define VISION_TENSORS \
  TENSOR2 ("mm.model.fc.weight", 5, 8, 0, 0) TENSOR2 ("mm.model.mlp.1.weight", 64, 5, 0, 160) \
  TENSOR2 ("mm.model.mlp.2.weight", 5, 5, 0, 1440)
#define PROJECTOR "'GGUF' 3:4 3:8 13:8 " VISION_KEYS VISION_TENSORS "|32 *1600 "

static L4Config *
load_words (const char *model, const char *projector, GError **error)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *path = gguf_write (folder, "model.gguf", model);
  g_autofree char *beside = projector != NULL ? gguf_write (folder, "mmproj.gguf", projector) : NULL;
  g_autoptr (L4Checkpoint) checkpoint = l4_checkpoint_open (path, beside, error);

  return checkpoint != NULL ? l4_config_load (checkpoint, error) : NULL;
}

static L4Config *
load_good (const char *model, const char *projector)
{
  g_autoptr (GError) error = NULL;
  L4Config *config = load_words (model, projector, &error);

  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

/* The model with one part of it replaced; more_keys is how many keys that adds. */
static char *
changed (const char *text, const char *from, const char *to, gint more_keys)
{
  g_autofree char *once = replaced (text, from, to);
  g_autofree char *counted = g_strdup_printf (" %d:8 ", (strstr (text, " 21:8 ") != NULL ? 21 : 13) + more_keys);

  return replaced (once, strstr (text, " 21:8 ") != NULL ? " 21:8 " : " 13:8 ", counted);
}

static L4Config *
load_changed (const char *from, const char *to, gint more_keys)
{
  g_autofree char *words = changed (MODEL, from, to, more_keys);

  return load_good (words, NULL);
}

static void
test_llama_cpp_keys_and_what_they_leave_out (void)
{
  g_autoptr (L4Config) config = load_good (MODEL, NULL);
  const L4TextConfig *text = &config->text;

  g_assert_true (config->text_prefix && !config->has_vision);
  g_assert_true (text->hidden == 8 && text->n_heads == 2 && text->n_kv_heads == 1 && text->head_dim == 6);
  g_assert_true (text->expert_width == 6 && text->dense_width == 12 && text->n_experts == 4 && text->top_k == 1);
  g_assert_true (text->vocab == 9 && text->context == 4096 && text->n_layers == 2);
  g_assert_true (!text->layers[0].moe && text->layers[1].moe);
  g_assert_true (text->layers[0].rope && text->layers[0].chunked && text->layers[1].rope && text->layers[1].chunked);
  g_assert_cmpint (text->chunk, ==, 8192);
  g_assert_true (text->qk_norm && text->temperature && !text->attention_bias && !text->tied);
  g_assert_true (text->floor_scale == 8192 && text->attn_scale == 0.1);
  g_assert_cmpfloat_with_epsilon (text->rms_eps, 1e-5, 1e-11);
  g_assert_true (text->rope.theta == 500000 && text->rope.factor == 0);
  g_assert_true (text->rope.divisors[0] == 1 && text->rope.divisors[1] == 2.5f && text->rope.divisors[2] == 16);
}

static void
test_ids_come_from_keys_and_names (void)
{
  g_autoptr (L4Config) config = load_good (MODEL, NULL);
  g_autoptr (L4Config) listed = load_changed ("<tokenizer.ggml.bos", ARR ("tokenizer.ggml.eos_token_ids", 5, 2) "0:4 4:4 "
      U32 ("tokenizer.ggml.eot_token_id", 8) "<tokenizer.ggml.bos", 2);

  g_assert_true (config->bos_token == 1 && config->pad_token == 8);
  g_assert_true (config->image_token == 7 && config->image_start_token == 5 && config->image_end_token == 6);
  g_assert_true (config->n_stop_tokens == 3 && config->stop_tokens[0] == 4 && config->stop_tokens[1] == 2
      && config->stop_tokens[2] == 3);
  g_assert_true (listed->n_stop_tokens == 5 && listed->stop_tokens[1] == 8 && listed->stop_tokens[2] == 0);
}

static void
test_a_model_without_output_is_tied (void)
{
  g_autoptr (L4Config) config = load_changed ("<output.weight>", "<other.weight>", 0);

  g_assert_true (config->text.tied);
}

static void
test_128_experts_mean_no_qk_norm (void)
{
  g_autoptr (L4Config) maverick = load_changed ("<llama4.expert_count> 4:4 4:4", "<llama4.expert_count> 4:4 128:4", 0);
  g_autoptr (L4Config) explicit = load_changed ("<llama4.vocab_size>", BOOL ("llama4.use_qk_norm", 0) "<llama4.vocab_size>", 1);

  g_assert_false (maverick->text.qk_norm);
  g_assert_false (explicit->text.qk_norm);
}

static void
test_every_fourth_layer_has_no_positions (void)
{
  g_autofree char *deep = changed (MODEL, "<llama4.block_count> 4:4 2:4", "<llama4.block_count> 4:4 9:4", -1);
  g_autofree char *free_step = replaced (deep, U32 ("llama4.interleave_moe_layer_step", 2), "");
  g_autoptr (L4Config) config = load_good (free_step, NULL);

  for (guint l = 0; l < 9; l++) {
    g_assert_cmpint (config->text.layers[l].rope, ==, l != 3 && l != 7);
    g_assert_cmpint (config->text.layers[l].chunked, ==, l != 3 && l != 7);
    g_assert_cmpint (config->text.layers[l].moe, ==, l == 1);
  }
}

static void
test_a_window_of_0_is_the_dense_relative (void)
{
  g_autofree char *words = changed (MODEL, U32 ("llama4.interleave_moe_layer_step", 2), U32 ("llama4.interleave_moe_layer_step", 0)
      U32 ("llama4.attention.sliding_window", 0), 1);
  g_autofree char *dense = replaced (words, "<llama4.expert_count> 4:4 4:4", "<llama4.expert_count> 4:4 0:4");
  g_autofree char *without = replaced (dense, "<blk.1.ffn_gate_inp.weight>", "<other>");
  g_autoptr (L4Config) config = load_good (without, NULL);

  g_assert_cmpint (config->text.chunk, ==, 0);
  g_assert_true (config->text.n_experts == 0 && config->text.expert_width == 0 && config->text.dense_width == 12);
  for (guint l = 0; l < 2; l++)
    g_assert_true (config->text.layers[l].rope && !config->text.layers[l].chunked && !config->text.layers[l].moe);
}

static void
test_what_llama_cpp_has_no_keys_for_can_be_said (void)
{
  g_autoptr (L4Config) config = load_changed ("<llama4.vocab_size>", U32 ("llama4.attention.chunk_size", 48)
      F32 ("llama4.attention.temperature_scale", 0.25) U32 ("llama4.attention.temperature_length", 16)
      U32 ("llama4.no_rope_layer_interval", 2) ARR ("llama4.attention.sliding_window_pattern", 7, 2) "0:1 1:1 "
      "<llama4.vocab_size>", 5);
  g_autoptr (L4Config) cold = load_changed ("<llama4.vocab_size>", F32 ("llama4.attention.temperature_scale", 0)
      U32 ("llama4.attention.sliding_window_pattern", 2) "<llama4.vocab_size>", 2);

  g_assert_true (config->text.chunk == 48 && config->text.attn_scale == 0.25 && config->text.floor_scale == 16);
  g_assert_true (config->text.layers[0].rope && !config->text.layers[1].rope);
  g_assert_true (!config->text.layers[0].chunked && config->text.layers[1].chunked);
  g_assert_false (cold->text.temperature);
  g_assert_true (cold->text.layers[0].chunked && !cold->text.layers[1].chunked && cold->text.layers[1].rope);
}

static void
test_ollama_keys_are_known (void)
{
  g_autofree char *words = changed (MODEL, U32 ("llama4.feed_forward_length", 12) U32 ("llama4.expert_feed_forward_length", 6),
      U32 ("llama4.feed_forward_length", 6) U32 ("llama4.intermediate_size", 12) U32 ("llama4.intermediate_size_moe", 6)
      BOOL ("llama4.use_qk_norm", 0) U32 ("llama4.attention.chunk_size", 64) U32 ("llama4.vision.block_count", 3)
      U32 ("llama4.vision.embedding_length", 16) U32 ("llama4.vision.feed_forward_length", 64)
      U32 ("llama4.vision.attention.head_count", 2) U32 ("llama4.vision.image_size", 56) U32 ("llama4.vision.patch_size", 14)
      F32 ("llama4.vision.rope.freq_base", 20000) F32 ("llama4.vision.layer_norm_epsilon", 0.00003)
      F32 ("llama4.vision.pixel_shuffle_ratio", 0.5), 12);
  g_autofree char *more = replaced (words, " 4:8 ", " 7:8 ");
  g_autofree char *full = replaced (more, DATA, TENSOR2 ("mm.linear_1.weight", 5, 8, 0, 736)
      TENSOR2 ("v.vision_adapter.mlp.fc1.weight", 64, 5, 0, 896) TENSOR2 ("v.vision_adapter.mlp.fc2.weight", 5, 5, 0, 2176) DATA
      "*1600 ");
  g_autoptr (L4Config) config = load_good (full, NULL);

  g_assert_true (config->has_vision && config->text.expert_width == 6 && config->text.dense_width == 12);
  g_assert_true (!config->text.qk_norm && config->text.chunk == 64);
  g_assert_true (config->vision.n_layers == 3 && config->vision.hidden == 16 && config->vision.shuffle == 2);
  g_assert_true (config->vision.rope_theta == 20000 && config->vision.projector_input == 5 && config->vision.output == 5);
  g_assert_cmpfloat_with_epsilon (config->vision.norm_eps, 3e-5, 1e-10);
}

static void
test_projector_keys_are_read (void)
{
  g_autoptr (L4Config) config = load_good (MODEL, PROJECTOR);
  const L4VisionConfig *vision = &config->vision;

  g_assert_true (config->has_vision);
  g_assert_true (vision->image_size == 56 && vision->patch_size == 14 && vision->channels == 3 && vision->hidden == 16);
  g_assert_true (vision->n_heads == 2 && vision->n_layers == 3 && vision->intermediate == 64 && vision->shuffle == 2);
  g_assert_true (vision->projector_input == 5 && vision->projector_output == 5 && vision->output == 5);
  g_assert_true (vision->max_patches == 16 && !vision->resize_to_max_canvas && vision->rope_theta == 10000);
  g_assert_cmpfloat_with_epsilon (vision->norm_eps, 2e-5, 1e-10);
}

/* Hostile values ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *name;
  const char *from, *to;
  gint more_keys;
  L4Error code;
  const char *words;
} Case;

#define BIG(key) "<llama4." key "> 4:4 4294967295:4"

static const Case text_cases[] = {
  {"another-architecture", "<llama4> <llama4.block", "<llama3> <llama4.block", 0,
      L4_ERROR_UNSUPPORTED, "\"llama3\"|\"llama4\""},
  {"no-architecture", "<general.architecture>", "<general.name>", 0,
      L4_ERROR_UNSUPPORTED, "general.architecture is missing"},
  {"no-layers", "<llama4.block_count> 4:4 2:4", "<llama4.block_count> 4:4 0:4", 0,
      L4_ERROR_FORMAT, "block_count is 0|1 to 1024"},
  {"too-many-layers", "<llama4.block_count> 4:4 2:4", BIG ("block_count"), 0, L4_ERROR_FORMAT, "block_count is 4294967295"},
  {"no-block-count", "<llama4.block_count>", "<llama4.blocks>", 0, L4_ERROR_FORMAT, "block_count is missing"},
  {"a-width-of-0", "<llama4.embedding_length> 4:4 8:4", "<llama4.embedding_length> 4:4 0:4", 0, L4_ERROR_FORMAT,
      "embedding_length is 0"},
  {"a-width-that-no-table-has", "<llama4.embedding_length> 4:4 8:4", "<llama4.embedding_length> 4:4 16:4", 0, L4_ERROR_FORMAT,
      "token_embd.weight|rows of 16"},
  {"a-signed-width", "<llama4.embedding_length> 4:4 8:4", "<llama4.embedding_length> 5:4 -8:4", 0, L4_ERROR_FORMAT,
      "embedding_length is -8"},
  {"a-width-in-words", U32 ("llama4.embedding_length", 8), STR ("llama4.embedding_length", "8"), 0, L4_ERROR_FORMAT,
      "embedding_length is \"8\""},
  {"a-vocabulary-of-another-size", "<llama4.vocab_size> 4:4 9:4", "<llama4.vocab_size> 4:4 10:4", 0, L4_ERROR_FORMAT,
      "vocab_size is 10|9"},
  {"no-embeddings", "<token_embd.weight>", "<token_embd.bias>", 0, L4_ERROR_FORMAT, "token_embd.weight"},
  {"no-context", "<llama4.context_length>", "<llama4.context>", 0, L4_ERROR_FORMAT, "context_length is missing"},
  {"no-heads", "<llama4.attention.head_count> 4:4 2:4", "<llama4.attention.head_count> 4:4 0:4", 0, L4_ERROR_FORMAT,
      "head_count is 0"},
  {"heads-per-layer", U32 ("llama4.attention.head_count", 2), ARR ("llama4.attention.head_count", 4, 2) "2:4 2:4 ", 0,
      L4_ERROR_FORMAT, "head_count is an array of 2 integers"},
  {"key-heads-that-do-not-divide", "<llama4.attention.head_count_kv> 4:4 1:4", "<llama4.attention.head_count_kv> 4:4 3:4", 0,
      L4_ERROR_FORMAT, "head_count is 2|multiple|3"},
  {"odd-heads", "<llama4.attention.key_length> 4:4 6:4", "<llama4.attention.key_length> 4:4 5:4", 0, L4_ERROR_FORMAT,
      "key_length is 5|even"},
  {"values-of-another-width", "<llama4.attention.value_length> 4:4 6:4", "<llama4.attention.value_length> 4:4 8:4", 0,
      L4_ERROR_UNSUPPORTED, "value_length is 8|6"},
  {"partly-rotated-heads", "<llama4.rope.dimension_count> 4:4 6:4", "<llama4.rope.dimension_count> 4:4 4:4", 0,
      L4_ERROR_UNSUPPORTED, "dimension_count is 4|6"},
  {"no-frequency-base", "<llama4.rope.freq_base>", "<llama4.rope.base>", 0, L4_ERROR_FORMAT, "freq_base is missing"},
  {"a-frequency-base-of-nan", F32 ("llama4.rope.freq_base", 500000), F32 ("llama4.rope.freq_base", nan), 0, L4_ERROR_FORMAT,
      "freq_base is nan"},
  {"an-infinite-epsilon", F32 ("llama4.attention.layer_norm_rms_epsilon", 0.00001),
      F32 ("llama4.attention.layer_norm_rms_epsilon", inf), 0, L4_ERROR_FORMAT, "rms_epsilon is inf"},
  {"another-scaling", "<llama4.vocab_size>", STR ("llama4.rope.scaling.type", "yarn") "<llama4.vocab_size>", 1,
      L4_ERROR_UNSUPPORTED, "scaling.type is \"yarn\"|\"none\""},
  {"another-gating", "<llama4.vocab_size>", U32 ("llama4.expert_gating_func", 1) "<llama4.vocab_size>", 1, L4_ERROR_UNSUPPORTED,
      "gating_func is 1"},
  {"too-few-divisors", "<rope_freqs.weight> 1:4 3:8", "<rope_freqs.weight> 1:4 2:8", 0,
      L4_ERROR_FORMAT, "rope_freqs|[2]|[3]"},
  {"a-divisor-of-0", "f:1 f:2.5", "f:1 f:0", 0, L4_ERROR_FORMAT, "item 1 of rope_freqs.weight is 0"},
  {"a-divisor-of-nan", "f:1 f:2.5", "f:nan f:2.5", 0, L4_ERROR_FORMAT, "item 0 of rope_freqs.weight is nan"},
  {"too-many-experts", "<llama4.expert_count> 4:4 4:4", BIG ("expert_count"), 0,
      L4_ERROR_FORMAT, "expert_count is 4294967295"},
  {"more-experts-a-token-than-there-are", "<llama4.expert_used_count> 4:4 1:4", "<llama4.expert_used_count> 4:4 5:4", 0,
      L4_ERROR_FORMAT, "expert_used_count is 5|1 to 4"},
  {"a-router-without-experts", "<llama4.expert_count> 4:4 4:4", "<llama4.expert_count> 4:4 0:4", 0, L4_ERROR_FORMAT,
      "interleave_moe_layer_step is 2|layer 1 has a router"},
  {"experts-in-another-layer", "<blk.1.ffn_gate_inp.weight>", "<blk.0.ffn_gate_inp.weight>", 0, L4_ERROR_FORMAT,
      "layer 0 has a router"},
  {"a-layer-without-router", "<blk.1.ffn_gate_inp.weight>", "<blk.5.ffn_gate_inp.weight>", 0, L4_ERROR_FORMAT,
      "layer 1 has no router"},
  {"no-expert-width", "<llama4.expert_feed_forward_length>", "<llama4.expert_width>", 0, L4_ERROR_FORMAT,
      "expert_feed_forward_length is missing"},
  {"a-dense-width-of-0", "<llama4.feed_forward_length> 4:4 12:4", "<llama4.feed_forward_length> 4:4 0:4", 0, L4_ERROR_FORMAT,
      "feed_forward_length is 0"},
  {"a-pattern-for-other-layers", "<llama4.vocab_size>", ARR ("llama4.attention.sliding_window_pattern", 7, 3) "1:1 1:1 1:1 "
      "<llama4.vocab_size>", 1, L4_ERROR_FORMAT, "pattern is an array of 3 truth values|2"},
  {"a-stop-id-beyond-the-vocabulary", "<tokenizer.ggml.eos_token_id> 4:4 4:4", "<tokenizer.ggml.eos_token_id> 4:4 9:4", 0,
      L4_ERROR_FORMAT, "eos_token_id is 9|0 to 8"},
  {"a-listed-stop-id-beyond-the-vocabulary", "<tokenizer.ggml.bos", ARR ("tokenizer.ggml.eos_token_ids", 5, 1) "-1:4 "
      "<tokenizer.ggml.bos", 1, L4_ERROR_FORMAT, "eos_token_ids|0 to 8"},
  {"tokens-that-are-numbers", ARR ("tokenizer.ggml.tokens", 8, 9) "<a> <<|begin_of_text|>> <<|end_of_text|>> <<|eom|>> "
      "<<|eot|>> <<|image_start|>> <<|image_end|>> <<|patch|>> <pad> ", ARR ("tokenizer.ggml.tokens", 4, 1) "1:4 ", 0,
      L4_ERROR_FORMAT, "tokens is an array of 1 integers|strings"},
  {"a-token-that-is-no-utf-8", "<a> <<|begin", "1:8 255:1 <<|begin", 0, L4_ERROR_FORMAT, "tokens|item 0|UTF-8"},
  {"more-tokens-than-embeddings", "<token_embd.weight> 2:4 8:8 9:8", "<token_embd.weight> 2:4 8:8 8:8", 0, L4_ERROR_FORMAT,
      "vocab_size is 9|8"},
};

static const Case vision_cases[] = {
  {"no-vision-encoder", "<clip.has_vision_encoder> 7:4 1:1", "<clip.has_vision_encoder> 7:4 0:1", 0, L4_ERROR_UNSUPPORTED,
      "has_vision_encoder is false"},
  {"another-activation", "<clip.use_gelu> 7:4 1:1", "<clip.use_gelu> 7:4 0:1", 0, L4_ERROR_UNSUPPORTED, "use_gelu is false"},
  {"an-image-size-of-0", "<clip.vision.image_size> 4:4 56:4", "<clip.vision.image_size> 4:4 0:4", 0, L4_ERROR_FORMAT,
      "image_size is 0"},
  {"an-image-size-of-no-patches", "<clip.vision.image_size> 4:4 56:4", "<clip.vision.image_size> 4:4 57:4", 0, L4_ERROR_FORMAT,
      "image_size is 57|multiple"},
  {"a-patch-size-of-0", "<clip.vision.patch_size> 4:4 14:4", "<clip.vision.patch_size> 4:4 0:4", 0, L4_ERROR_FORMAT,
      "patch_size is 0"},
  {"heads-that-do-not-divide", "<clip.vision.attention.head_count> 4:4 2:4", "<clip.vision.attention.head_count> 4:4 3:4", 0,
      L4_ERROR_FORMAT, "embedding_length is 16|3 heads"},
  {"an-adapter-that-does-not-fit", "<clip.vision.feed_forward_length> 4:4 64:4", "<clip.vision.feed_forward_length> 4:4 60:4", 0,
      L4_ERROR_FORMAT, "feed_forward_length is 60|64"},
  {"a-shuffle-of-0", "<clip.vision.projector.scale_factor> 4:4 2:4", "<clip.vision.projector.scale_factor> 4:4 0:4", 0,
      L4_ERROR_FORMAT, "scale_factor is 0"},
  {"another-mean", "f:0.5 f:0.5 f:0.5", "f:0.5 f:0.4 f:0.5", 0, L4_ERROR_UNSUPPORTED, "image_mean|item 1 is 0.4"},
  {"a-mean-of-two", ARR ("clip.vision.image_mean", 6, 3) "f:0.5 f:0.5 f:0.5 ", ARR ("clip.vision.image_mean", 6, 2) "f:0.5 f:0.5 ",
      0, L4_ERROR_FORMAT, "image_mean is an array of 2"},
  {"a-mean-of-bytes", ARR ("clip.vision.image_mean", 6, 3) "f:0.5 f:0.5 f:0.5 ", ARR ("clip.vision.image_mean", 0, 3) "1:1 1:1 1:1 ",
      0, L4_ERROR_FORMAT, "image_mean is an array of 3 integers"},
  {"no-adapter", "<mm.model.mlp.1.weight>", "<mm.model.mlp.7.weight>", 0, L4_ERROR_FORMAT, "vision_adapter.mlp.fc1.weight"},
  {"an-adapter-of-another-width", "<mm.model.mlp.2.weight> 2:4 5:8 5:8", "<mm.model.mlp.2.weight> 2:4 5:8 4:8", 0, L4_ERROR_FORMAT,
      "mmproj.gguf|projector_output_dim 4|vision_output_dim 5"},
  {"a-vector-for-a-matrix", "<mm.model.mlp.2.weight> 2:4 5:8 5:8", "<mm.model.mlp.2.weight> 1:4 25:8", 0, L4_ERROR_FORMAT,
      "matrix|fc2.weight"},
};

static void
run_case (const Case *self, const char *model, const char *projector)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Config) config = load_words (model, projector, &error);

  g_assert_null (config);
  g_assert_error (error, L4_ERROR, (gint) self->code);
  assert_says (error, self->words);
}

static void
test_text_case (gconstpointer data)
{
  const Case *self = data;
  g_autofree char *words = changed (MODEL, self->from, self->to, self->more_keys);

  run_case (self, words, NULL);
}

static void
test_vision_case (gconstpointer data)
{
  const Case *self = data;
  g_autofree char *words = changed (PROJECTOR, self->from, self->to, self->more_keys);

  run_case (self, MODEL, words);
}

static void
add_cases (const char *part, const Case *cases, gsize n, GTestDataFunc run)
{
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf ("/config-gguf/%s/%s", part, cases[i].name);

    g_test_add_data_func (path, &cases[i], run);
  }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    GTestFunc run;
  } tests[] = {
    {"llama-cpp-keys-and-what-they-leave-out", test_llama_cpp_keys_and_what_they_leave_out},
    {"ids-come-from-keys-and-names", test_ids_come_from_keys_and_names},
    {"a-model-without-output-is-tied", test_a_model_without_output_is_tied},
    {"128-experts-mean-no-qk-norm", test_128_experts_mean_no_qk_norm},
    {"every-fourth-layer-has-no-positions", test_every_fourth_layer_has_no_positions},
    {"a-window-of-0-is-the-dense-relative", test_a_window_of_0_is_the_dense_relative},
    {"what-llama-cpp-has-no-keys-for-can-be-said", test_what_llama_cpp_has_no_keys_for_can_be_said},
    {"ollama-keys-are-known", test_ollama_keys_are_known},
    {"projector-keys-are-read", test_projector_keys_are_read},
  };

  g_test_init (&argc, &argv, NULL);
  for (guint t = 0; t < G_N_ELEMENTS (tests); t++) {
    g_autofree char *path = g_strconcat ("/config-gguf/", tests[t].path, NULL);

    g_test_add_func (path, tests[t].run);
  }
  add_cases ("text", text_cases, G_N_ELEMENTS (text_cases), test_text_case);
  add_cases ("vision", vision_cases, G_N_ELEMENTS (vision_cases), test_vision_case);
  return g_test_run ();
}
