/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of a checkpoint: no bad value is taken. */

#include "support/config.h"

static void
assert_refused (const Folder *folder, const char *file, L4Error code, const char *words)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Config) config = l4_config_load_folder (folder, &error);

  g_assert_null (config);
  g_assert_error (error, L4_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, path));
  assert_says (error, words);
}

/* Bad values ------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *name;
  const char *from;             /* in PUBLISHED; NULL: to is the whole file */
  const char *to;
  L4Error code;
  const char *words;            /* of the message, with | between them */
} BadValue;

#define FP8(format, group) \
  "'quantization_config':{'quant_method':'compressed-tensors','format':'" format "','config_groups':{'group_0':" group "}},"
#define GROUPS(groups) \
  "'quantization_config':{'quant_method':'compressed-tensors','format':'float-quantized','config_groups':{" groups "}},"

static const BadValue bad_values[] = {
  {"an-empty-file", NULL, "", L4_ERROR_FORMAT, "not JSON"},
  {"half-a-file", NULL, "{'model_type':'llama4','text_config':{", L4_ERROR_FORMAT, "not JSON"},
  {"an-array-as-root", NULL, "[1,2]", L4_ERROR_FORMAT, "root is an array of 2"},
  {"a-string-as-root", NULL, "'llama4'", L4_ERROR_FORMAT, "root is \"llama4\""},
  {"no-model-type", NULL, "{}", L4_ERROR_FORMAT, "model_type is missing"},
  {"another-model", "'llama4',", "'llama',", L4_ERROR_UNSUPPORTED, "model_type is \"llama\""},
  {"a-model-type-that-is-a-number", "'llama4',", "4,", L4_ERROR_FORMAT, "model_type is 4"},
  {"another-text-model", "'llama4_text'", "'llama3'", L4_ERROR_UNSUPPORTED, "text_config.model_type is \"llama3\""},
  {"no-text-config", NULL, "{'model_type':'llama4'}", L4_ERROR_FORMAT, "text_config is missing"},
  {"a-text-config-that-is-an-array", NULL, "{'model_type':'llama4','text_config':[]}", L4_ERROR_FORMAT, "text_config"},
  {"a-vision-config-that-is-a-number", NULL, "{'model_type':'llama4','text_config':{},'vision_config':3}", L4_ERROR_FORMAT,
      "vision_config is 3"},
  {"quantised-weights", "'boi_token_index'", "'quantization_config':{'quant_method':'compressed-tensors'},'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "\"compressed-tensors\""},
  {"quantised-weights-of-the-text-part", "'attention_bias'", "'quantization_config':{'quant_method':'awq'},'attention_bias'",
      L4_ERROR_UNSUPPORTED, "\"awq\""},
  {"fp8-in-another-format", "'boi_token_index'", FP8 ("float-quantized-2", "{}") "'boi_token_index'", L4_ERROR_UNSUPPORTED,
      "\"compressed-tensors\"|\"float-quantized-2\""},
  {"fp8-with-a-scale-a-group", "'boi_token_index'", FP8 ("float-quantized", "{'weights':{'strategy':'group'}}")
      "'boi_token_index'", L4_ERROR_UNSUPPORTED, "strategy is \"group\"|\"channel\", \"tensor\", \"block\""},
  {"fp8-with-other-squares", "'boi_token_index'", FP8 ("float-quantized", "{'weights':{'strategy':'block','block_structure':[64,64]}}")
      "'boi_token_index'", L4_ERROR_UNSUPPORTED, "block_structure is an array of 2|128 by 128"},
  {"packed-int8", "'boi_token_index'", FP8 ("pack-quantized", "{'weights':{'type':'int','num_bits':8}}") "'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "num_bits is 8|only 4"},
  {"packed-floats", "'boi_token_index'", FP8 ("pack-quantized", "{'weights':{'type':'float','num_bits':4}}") "'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "type is \"float\"|only \"int\""},
  {"packed-in-groups-of-16", "'boi_token_index'", FP8 ("pack-quantized", "{'weights':{'type':'int','num_bits':4,'group_size':16}}")
      "'boi_token_index'", L4_ERROR_UNSUPPORTED, "group_size is 16|multiples of 32"},
  {"sparse-weights", "'boi_token_index'", "'quantization_config':{'quant_method':'compressed-tensors','format':'pack-quantized',"
      "'sparsity_config':{'format':'sparse-24-bitmask'}},'boi_token_index'", L4_ERROR_UNSUPPORTED, "format is \"sparse-24-bitmask\"|dense"},
  {"gptq-of-8-bits", "'boi_token_index'", "'quantization_config':{'quant_method':'gptq','bits':8},'boi_token_index'", L4_ERROR_UNSUPPORTED,
      "bits is 8|only 4"},
  {"gptq-in-groups-of-16", "'boi_token_index'", "'quantization_config':{'quant_method':'gptq','bits':4,'group_size':16},'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "group_size is 16|multiples of 32"},
  {"gptq-for-marlin", "'boi_token_index'", "'quantization_config':{'quant_method':'gptq','bits':4,'checkpoint_format':'marlin'},"
      "'boi_token_index'", L4_ERROR_UNSUPPORTED, "checkpoint_format is \"marlin\"|\"gptq\", \"gptq_v2\""},
  {"fp8-in-small-squares", "'boi_token_index'", "'quantization_config':{'quant_method':'fp8','weight_block_size':[64,128]},"
      "'boi_token_index'", L4_ERROR_UNSUPPORTED, "weight_block_size|128 by 128"},
  {"mxfp4", "'boi_token_index'", "'quantization_config':{'quant_method':'mxfp4'},'boi_token_index'", L4_ERROR_UNSUPPORTED,
      "\"mxfp4\"|llama4 convert"},
  {"bitsandbytes", "'boi_token_index'", "'quantization_config':{'quant_method':'bitsandbytes','load_in_4bit':true},'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "\"bitsandbytes\"|llama4 convert"},
  {"int8-and-int8", "'boi_token_index'", "'quantization_config':{'quant_method':'compressed-tensors','format':'int-quantized'},"
      "'boi_token_index'", L4_ERROR_UNSUPPORTED, "\"int-quantized\"|llama4 convert"},
  {"int8-in-the-format-of-fp8", "'boi_token_index'", FP8 ("float-quantized", "{'weights':{'type':'int'}}") "'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "type is \"int\"|\"float\""},
  {"fp4-in-the-format-of-fp8", "'boi_token_index'", FP8 ("float-quantized", "{'weights':{'num_bits':4}}") "'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "num_bits is 4|8"},
  {"fp8-without-symmetry", "'boi_token_index'", FP8 ("float-quantized", "{'weights':{'symmetric':false}}") "'boi_token_index'",
      L4_ERROR_UNSUPPORTED, "symmetric is false"},
  {"fp8-with-scales-as-they-come", "'boi_token_index'", FP8 ("float-quantized", "{'weights':{'dynamic':true}}")
      "'boi_token_index'", L4_ERROR_UNSUPPORTED, "dynamic is true"},
  {"a-group-without-weights", "'boi_token_index'", FP8 ("float-quantized", "{}") "'boi_token_index'", L4_ERROR_FORMAT,
      "weights is missing"},
  {"a-group-that-is-a-number", "'boi_token_index'", FP8 ("float-quantized", "7") "'boi_token_index'", L4_ERROR_FORMAT,
      "group_0 is 7"},
  {"a-group-with-a-line-end-in-its-name", "'boi_token_index'", GROUPS ("'a\\nb':7") "'boi_token_index'", L4_ERROR_FORMAT,
      "quantization_config.config_groups.a\\u000ab is 7"},
  {"an-object-with-a-line-end-in-its-name", "'boi_token_index'", GROUPS ("'a\\u2028b':{}") "'boi_token_index'", L4_ERROR_FORMAT,
      "config_groups.a\\u2028b.weights is missing"},
  {"a-control-character-in-a-value", "'llama4',", "'llama\\u009b4',", L4_ERROR_UNSUPPORTED, "model_type is \"llama\\u009b4\""},
  {"quantised-weights-without-method", "'boi_token_index'", "'quantization_config':{},'boi_token_index'", L4_ERROR_UNSUPPORTED,
      "quantization_config"},

  {"a-missing-hidden-size", "'hidden_size':96,", "", L4_ERROR_FORMAT, "text_config.hidden_size is missing"},
  {"a-null-hidden-size", "'hidden_size':96", "'hidden_size':null", L4_ERROR_FORMAT, "text_config.hidden_size is null"},
  {"a-zero-hidden-size", "'hidden_size':96", "'hidden_size':0", L4_ERROR_FORMAT, "text_config.hidden_size is 0|1 to 1048576"},
  {"a-negative-hidden-size", "'hidden_size':96", "'hidden_size':-96", L4_ERROR_FORMAT, "text_config.hidden_size is -96"},
  {"a-huge-hidden-size", "'hidden_size':96", "'hidden_size':1048577", L4_ERROR_FORMAT, "is 1048577|1 to 1048576"},
  {"a-hidden-size-above-2^63", "'hidden_size':96", "'hidden_size':18446744073709551615", L4_ERROR_FORMAT,
      "18446744073709551615"},
  {"a-hidden-size-above-2^64", "'hidden_size':96", "'hidden_size':18446744073709551712", L4_ERROR_FORMAT, "hidden_size"},
  {"a-fractional-hidden-size", "'hidden_size':96", "'hidden_size':96.5", L4_ERROR_FORMAT, "is 96.5"},
  {"a-hidden-size-that-is-a-string", "'hidden_size':96", "'hidden_size':'96'", L4_ERROR_FORMAT, "is \"96\""},
  {"a-hidden-size-that-is-an-array", "'hidden_size':96", "'hidden_size':[96]", L4_ERROR_FORMAT, "is an array of 1"},
  {"a-hidden-size-that-is-true", "'hidden_size':96", "'hidden_size':true", L4_ERROR_FORMAT, "is true"},
  {"a-hidden-size-that-is-nan", "'hidden_size':96", "'hidden_size':NaN", L4_ERROR_FORMAT, "not JSON"},
  {"a-hidden-size-twice", "'hidden_size':96", "'hidden_size':96,'hidden_size':64", L4_ERROR_FORMAT, "hidden_size|again"},
  {"no-layers", "'num_hidden_layers':8", "'num_hidden_layers':0", L4_ERROR_FORMAT, "num_hidden_layers is 0"},
  {"1025-layers", "'num_hidden_layers':8", "'num_hidden_layers':1025", L4_ERROR_FORMAT, "num_hidden_layers is 1025"},
  {"a-huge-vocabulary", "'vocab_size':456", "'vocab_size':16777217", L4_ERROR_FORMAT, "vocab_size is 16777217"},
  {"4097-experts", "'num_local_experts':128", "'num_local_experts':4097", L4_ERROR_FORMAT, "num_local_experts is 4097"},
  {"negative-experts", "'num_local_experts':128", "'num_local_experts':-1", L4_ERROR_FORMAT, "num_local_experts is -1"},
  {"more-experts-per-token-than-there-are", "'num_experts_per_tok':1", "'num_experts_per_tok':129", L4_ERROR_FORMAT,
      "num_experts_per_tok is 129|1 to 128"},
  {"no-experts-per-token", "'num_experts_per_tok':1", "'num_experts_per_tok':0", L4_ERROR_FORMAT, "num_experts_per_tok is 0"},
  {"a-missing-expert-width", "'intermediate_size':32,", "", L4_ERROR_FORMAT, "text_config.intermediate_size is missing"},
  {"a-missing-dense-width", "'intermediate_size_mlp':192,", "", L4_ERROR_FORMAT, "intermediate_size_mlp is missing"},
  {"no-heads", "'num_attention_heads':6", "'num_attention_heads':0", L4_ERROR_FORMAT, "num_attention_heads is 0"},
  {"no-key-heads", "'num_key_value_heads':2", "'num_key_value_heads':0", L4_ERROR_FORMAT, "num_key_value_heads is 0"},
  {"heads-that-key-heads-do-not-divide", "'num_key_value_heads':2", "'num_key_value_heads':4", L4_ERROR_FORMAT,
      "num_attention_heads is 6|4"},
  {"an-odd-head", "'head_dim':16", "'head_dim':13", L4_ERROR_FORMAT, "head_dim is 13|even"},
  {"a-huge-head", "'head_dim':16", "'head_dim':1026", L4_ERROR_FORMAT, "head_dim is 1026"},
  {"a-missing-head-that-comes-out-odd", "'head_dim':16,'hidden_act':'silu','hidden_size':96",
      "'hidden_act':'silu','hidden_size':90", L4_ERROR_FORMAT, "head_dim is missing|15 wide"},
  {"another-activation", "'silu'", "'relu'", L4_ERROR_UNSUPPORTED, "text_config.hidden_act is \"relu\"|\"silu\""},
  {"a-negative-norm-eps", "'rms_norm_eps':1e-05", "'rms_norm_eps':-1", L4_ERROR_FORMAT, "rms_norm_eps is -1"},
  {"an-infinite-norm-eps", "'rms_norm_eps':1e-05", "'rms_norm_eps':1e999", L4_ERROR_FORMAT, "not JSON"},
  {"a-zero-theta", "'rope_theta':500000.0", "'rope_theta':0", L4_ERROR_FORMAT, "rope_theta is 0"},
  {"a-theta-that-is-a-string", "'rope_theta':500000.0", "'rope_theta':'5e5'", L4_ERROR_FORMAT, "rope_theta is \"5e5\""},
  {"an-unknown-scaling", "'rope_type':'llama3'", "'rope_type':'yarn'", L4_ERROR_UNSUPPORTED, "rope_type is \"yarn\""},
  {"an-unknown-scaling-of-the-old-name", "'rope_type':'llama3'", "'type':'linear'", L4_ERROR_UNSUPPORTED, "type is \"linear\""},
  {"a-scaling-without-factor", "'factor':16.0,", "", L4_ERROR_FORMAT, "llama3|factor"},
  {"a-scaling-factor-of-zero", "'factor':16.0,", "'factor':0,", L4_ERROR_FORMAT, "text_config.rope_scaling.factor is 0"},
  {"crossed-scaling-factors", "'high_freq_factor':1.0", "'high_freq_factor':0.5", L4_ERROR_FORMAT, "high_freq_factor is 0.5"},
  {"a-scaling-that-is-a-number", "'rope_theta':500000.0", "'rope_parameters':8", L4_ERROR_FORMAT, "rope_parameters is 8"},
  {"a-zero-floor-scale", "'floor_scale':16", "'floor_scale':0", L4_ERROR_FORMAT, "floor_scale is 0"},
  {"a-temperature-that-is-a-string", "'attn_temperature_tuning':4", "'attn_temperature_tuning':'on'", L4_ERROR_FORMAT,
      "attn_temperature_tuning is \"on\""},
  {"a-negative-chunk", "'attention_chunk_size':48", "'attention_chunk_size':-1", L4_ERROR_FORMAT, "attention_chunk_size is -1"},
  {"a-huge-context", "'max_position_embeddings':4096", "'max_position_embeddings':1099511627776", L4_ERROR_FORMAT,
      "max_position_embeddings is 1099511627776"},
  {"too-few-rope-layers", "'no_rope_layers':[]", "'no_rope_layers':[1,1,1]", L4_ERROR_FORMAT, "no_rope_layers|of 3|8 layers"},
  {"a-rope-layer-of-2", "'no_rope_layers':[]", "'no_rope_layers':[1,1,1,0,1,1,1,2]", L4_ERROR_FORMAT, "no_rope_layers|item 7"},
  {"a-rope-layer-that-is-a-string", "'no_rope_layers':[]", "'no_rope_layers':[1,1,1,0,1,'1',1,0]", L4_ERROR_FORMAT, "item 5"},
  {"rope-layers-that-are-an-object", "'no_rope_layers':[]", "'no_rope_layers':{}", L4_ERROR_FORMAT, "no_rope_layers"},
  {"a-rope-interval-of-zero", "'no_rope_layers':[]", "'no_rope_layer_interval':0", L4_ERROR_FORMAT, "no_rope_layer_interval is 0"},
  {"an-unknown-layer-type", "'no_rope_layers':[]",
      "'layer_types':['full_attention','linear_attention','','','','','','']", L4_ERROR_UNSUPPORTED,
      "layer_types|item 1|\"linear_attention\""},
  {"a-layer-type-that-is-a-number", "'no_rope_layers':[]", "'layer_types':[1,1,1,1,1,1,1,1]", L4_ERROR_UNSUPPORTED, "item 0 is 1"},
  {"an-expert-layer-beyond-the-last", "'no_rope_layers':[]", "'moe_layers':[7,8]", L4_ERROR_FORMAT, "moe_layers|item 1|0 to 7"},
  {"a-negative-expert-layer", "'no_rope_layers':[]", "'moe_layers':[-1]", L4_ERROR_FORMAT, "moe_layers|item 0"},
  {"expert-layers-without-experts", "'num_local_experts':128", "'num_local_experts':0,'moe_layers':[0]", L4_ERROR_FORMAT,
      "moe_layers|no experts"},
  {"a-negative-expert-step", "'interleave_moe_layer_step':2", "'interleave_moe_layer_step':-2", L4_ERROR_FORMAT,
      "interleave_moe_layer_step is -2"},
  {"a-flag-that-is-a-number", "'use_qk_norm':false", "'use_qk_norm':0", L4_ERROR_FORMAT, "use_qk_norm is 0|true or false"},
  {"more-parameters-than-any-model", "'hidden_size':96,'interleave_moe_layer_step':2,'intermediate_size':32",
      "'hidden_size':1048576,'interleave_moe_layer_step':2,'intermediate_size':1048576", L4_ERROR_FORMAT, "parameters|128 experts"},

  {"an-end-id-outside-the-vocabulary", "[443,447]", "[443,456]", L4_ERROR_FORMAT, "eos_token_id|0 to 455"},
  {"a-negative-end-id", "[443,447]", "-2", L4_ERROR_FORMAT, "eos_token_id is -2"},
  {"an-end-id-that-is-a-string", "[443,447]", "'</s>'", L4_ERROR_FORMAT, "eos_token_id is \"</s>\""},
  {"seventeen-end-ids", "[443,447]", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", L4_ERROR_FORMAT, "eos_token_id|16"},
  {"a-begin-id-outside-the-vocabulary", "'bos_token_id':442", "'bos_token_id':200000", L4_ERROR_FORMAT,
      "text_config.bos_token_id is 200000|455"},
  {"a-pad-id-outside-the-vocabulary", "'pad_token_id':455", "'pad_token_id':456", L4_ERROR_FORMAT, "pad_token_id is 456"},
  {"an-image-id-outside-the-vocabulary", "'image_token_index':452", "'image_token_index':200092", L4_ERROR_FORMAT,
      "image_token_index is 200092"},

  {"another-vision-activation", "'gelu'", "'quick_gelu'", L4_ERROR_UNSUPPORTED, "vision_config.hidden_act is \"quick_gelu\""},
  {"a-vision-hidden-size-that-heads-do-not-divide", "'num_attention_heads':3", "'num_attention_heads':5", L4_ERROR_FORMAT,
      "vision_config.hidden_size is 48|5 heads"},
  {"a-vision-head-that-is-no-multiple-of-4", "'num_attention_heads':3", "'num_attention_heads':8", L4_ERROR_FORMAT,
      "vision_config.hidden_size is 48|8 heads"},
  {"a-tile-that-is-no-multiple-of-two-patches", "'image_size':56", "'image_size':70", L4_ERROR_FORMAT,
      "vision_config.image_size is 70|14"},
  {"a-huge-tile", "'image_size':56", "'image_size':4116", L4_ERROR_FORMAT, "image_size is 4116"},
  {"too-many-patches", "'image_size':56,'intermediate_size':192,'model_type':'llama4_vision_model',"
      "'multi_modal_projector_bias':false,'norm_eps':1e-05,'num_attention_heads':3,'num_channels':3,'num_hidden_layers':3,"
      "'patch_size':14", "'image_size':2048,'intermediate_size':192,'num_attention_heads':3,'num_hidden_layers':3,"
      "'patch_size':1", L4_ERROR_FORMAT, "image_size is 2048|512"},
  {"a-patch-of-zero", "'patch_size':14", "'patch_size':0", L4_ERROR_FORMAT, "patch_size is 0"},
  {"one-channel", "'num_channels':3", "'num_channels':1", L4_ERROR_FORMAT, "num_channels is 1"},
  {"a-shuffle-ratio-of-0.4", "'pixel_shuffle_ratio':0.5", "'pixel_shuffle_ratio':0.4", L4_ERROR_FORMAT, "pixel_shuffle_ratio is 0.4"},
  {"a-shuffle-ratio-of-zero", "'pixel_shuffle_ratio':0.5", "'pixel_shuffle_ratio':0", L4_ERROR_FORMAT, "pixel_shuffle_ratio is 0"},
  {"an-adapter-of-another-width", "'intermediate_size':192", "'intermediate_size':128", L4_ERROR_FORMAT,
      "vision_config.intermediate_size is 128|192"},
  {"a-projector-of-another-width", "'projector_input_dim':64", "'projector_input_dim':32", L4_ERROR_FORMAT,
      "projector_output_dim is 64|32"},
  {"a-vision-output-of-another-width", "'vision_output_dim':64", "'vision_output_dim':80", L4_ERROR_FORMAT,
      "projector_output_dim is 64|80"},
  {"a-projector-with-bias", "'multi_modal_projector_bias':false", "'multi_modal_projector_bias':true", L4_ERROR_UNSUPPORTED,
      "multi_modal_projector_bias is true"},
  {"a-missing-vision-output", "'projector_output_dim':64,", "", L4_ERROR_FORMAT, "projector_output_dim is missing"},
};

static void
test_bad_value (gconstpointer data)
{
  const BadValue *bad = data;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *text = bad->from != NULL ? replaced (PUBLISHED, bad->from, bad->to) : g_strdup (bad->to);

  put (folder, "config.json", text);
  assert_refused (folder, "config.json", bad->code, bad->words);
}

static const BadValue bad_processors[] = {
  {"no-json", NULL, "{", L4_ERROR_FORMAT, "not JSON"},
  {"another-tile-size", "'height':56", "'height':112", L4_ERROR_FORMAT, "56 x 112|56"},
  {"a-size-that-is-a-string", "{'height':56,'width':56}", "'56'", L4_ERROR_FORMAT, "size is \"56\""},
  {"no-tiles", "'max_patches':4", "'max_patches':0", L4_ERROR_FORMAT, "max_patches is 0|1 to 64"},
  {"65-tiles", "'max_patches':4", "'max_patches':65", L4_ERROR_FORMAT, "max_patches is 65"},
  {"another-mean", "'image_mean':[0.5,0.5,0.5]", "'image_mean':[0.5,0.48,0.5]", L4_ERROR_UNSUPPORTED, "image_mean"},
  {"another-deviation", "'image_std':[0.5,0.5,0.5]", "'image_std':[0.5,0.5]", L4_ERROR_UNSUPPORTED, "image_std"},
  {"a-mean-of-strings", "'image_mean':[0.5,0.5,0.5]", "'image_mean':['0.5',0.5,0.5]", L4_ERROR_UNSUPPORTED, "image_mean"},
  {"another-scale", "0.00392156862745098", "0.0078125", L4_ERROR_UNSUPPORTED, "rescale_factor is 0.0078125"},
  {"another-filter", "'resample':2", "'resample':3", L4_ERROR_UNSUPPORTED, "resample is 3"},
  {"no-normalisation", "'do_normalize':true", "'do_normalize':false", L4_ERROR_UNSUPPORTED, "do_normalize is false"},
  {"a-canvas-flag-that-is-a-number", "'resize_to_max_canvas':true", "'resize_to_max_canvas':1", L4_ERROR_FORMAT,
      "resize_to_max_canvas is 1"},
};

static void
test_bad_processor (gconstpointer data)
{
  const BadValue *bad = data;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *text = bad->from != NULL ? replaced (PROCESSOR, bad->from, bad->to) : g_strdup (bad->to);

  put (folder, "config.json", PUBLISHED);
  put (folder, "preprocessor_config.json", text);
  assert_refused (folder, "preprocessor_config.json", bad->code, bad->words);
}

static void
test_missing_file (void)
{
  g_autoptr (Folder) folder = folder_new ();

  assert_refused (folder, "config.json", L4_ERROR_NOT_FOUND, "config.json");
}

static void
test_huge_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *blanks = g_strnfill (5 * 1024 * 1024, ' ');

  put (folder, "config.json", blanks);
  assert_refused (folder, "config.json", L4_ERROR_FORMAT, "5242880 bytes");
}

static void
test_deep_nesting (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *open = g_strnfill (250000, '[');
  g_autofree char *close = g_strnfill (250000, ']');
  g_autofree char *text = g_strdup_printf ("{'model_type':'llama4','text_config':%s%s}", open, close);

  put (folder, "config.json", text);
  assert_refused (folder, "config.json", L4_ERROR_FORMAT, "text_config is an array of 1");
}

/* Messages name keys by their beginnings, of objects and of what is in them. */
static void
test_long_keys (void)
{
  static const char *const values[][2] = { {"7", "… is 7"}, {"{}", "….weights is missing"} };
  g_autofree char *key = g_strnfill (1024 * 1024, 'k');

  for (guint i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (Folder) folder = folder_new ();
    g_autofree char *groups = g_strdup_printf (GROUPS ("'%s':%s") "'boi_token_index'", key, values[i][0]);
    g_autofree char *text = replaced (PUBLISHED, "'boi_token_index'", groups);

    put (folder, "config.json", text);
    assert_refused (folder, "config.json", L4_ERROR_FORMAT, values[i][1]);
  }
}

static void
test_bad_generation (void)
{
  g_autoptr (Folder) folder = folder_new ();

  put (folder, "config.json", PUBLISHED);
  put (folder, "generation_config.json", "{'eos_token_id':[1,999]}");
  assert_refused (folder, "generation_config.json", L4_ERROR_FORMAT, "eos_token_id|0 to 455");
}

static void
test_every_prefix (void)
{
  g_autoptr (Folder) folder = folder_new ();
  gsize length = strlen (PUBLISHED);

  for (gsize i = 0; i < length; i++) {
    g_autofree char *text = g_strndup (PUBLISHED, i);

    put (folder, "config.json", text);
    assert_refused (folder, "config.json", L4_ERROR_FORMAT, "not JSON");
  }
}

/* Whatever a damaged file still says, it stays within the limits that the rest of the program counts on. */
static void
test_every_byte_damaged (void)
{
  static const guint8 damage[] = { 0x01, 0x10, 0x40 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *text = json_from (PUBLISHED);
  gsize length = strlen (text);
  guint n_good = 0;

  for (gsize at = 0; at < length; at++) {
    for (gsize i = 0; i < G_N_ELEMENTS (damage); i++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (L4Config) config = NULL;
      g_autofree char *path = NULL;

      text[at] ^= (char) damage[i];
      path = folder_write (folder, "config.json", text, length);
      text[at] ^= (char) damage[i];
      config = l4_config_load_folder (folder, &error);
      g_assert_true ((config == NULL) == (error != NULL));
      if (config == NULL)
        continue;
      n_good++;
      g_assert_cmpint (config->text.n_heads % config->text.n_kv_heads, ==, 0);
      g_assert_cmpint (config->text.top_k, <=, config->text.n_experts);
      if (config->has_vision)
        g_assert_cmpint (config->vision.image_size % (config->vision.patch_size * config->vision.shuffle), ==, 0);
      g_assert_cmpint (config->image_token, <, config->text.vocab);
    }
  }
  g_assert_cmpuint (n_good, >, 0);
}

static void
add_bad (const char *prefix, const BadValue *bad, gsize n, GTestDataFunc test)
{
  for (gsize i = 0; i < n; i++) {
    g_autofree char *path = g_strdup_printf ("%s/%s", prefix, bad[i].name);

    g_test_add_data_func (path, &bad[i], test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_bad ("/config/refuses", bad_values, G_N_ELEMENTS (bad_values), test_bad_value);
  add_bad ("/config/processor/refuses", bad_processors, G_N_ELEMENTS (bad_processors), test_bad_processor);
  g_test_add_func ("/config/refuses/a-missing-file", test_missing_file);
  g_test_add_func ("/config/refuses/a-file-of-5-mib", test_huge_file);
  g_test_add_func ("/config/refuses/250000-nested-arrays", test_deep_nesting);
  g_test_add_func ("/config/refuses/keys-of-a-mib", test_long_keys);
  g_test_add_func ("/config/refuses/a-bad-end-id-of-generation", test_bad_generation);
  g_test_add_func ("/config/every-prefix-is-refused", test_every_prefix);
  g_test_add_func ("/config/every-damaged-byte-is-refused-or-harmless", test_every_byte_damaged);
  return g_test_run ();
}
