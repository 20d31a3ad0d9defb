/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making up the settings of a checkpoint. */

#pragma once

#include "config/config.h"
#include "support/folder.h"

/* Key names as published in April 2025 (' for "). */
#define PUBLISHED \
  "{'architectures':['Llama4ForConditionalGeneration'],'boi_token_index':449,'eoi_token_index':450,'image_token_index':452," \
  "'model_type':'llama4','tie_word_embeddings':false,'torch_dtype':'bfloat16','text_config':{" \
  "'attention_bias':false,'attention_chunk_size':48,'attn_scale':0.1,'attn_temperature_tuning':4,'bos_token_id':442," \
  "'eos_token_id':[443,447],'floor_scale':16,'for_llm_compressor':false,'head_dim':16,'hidden_act':'silu','hidden_size':96," \
  "'interleave_moe_layer_step':2,'intermediate_size':32,'intermediate_size_mlp':192,'max_position_embeddings':4096," \
  "'model_type':'llama4_text','no_rope_layers':[],'nope_layer_interval':4,'num_attention_heads':6,'num_experts_per_tok':1," \
  "'num_hidden_layers':8,'num_key_value_heads':2,'num_local_experts':128,'pad_token_id':455,'rms_norm_eps':1e-05," \
  "'rope_scaling':{'factor':16.0,'high_freq_factor':1.0,'low_freq_factor':1.0,'original_max_position_embeddings':8192," \
  "'rope_type':'llama3'},'rope_theta':500000.0,'use_qk_norm':false,'vocab_size':456}," \
  "'vision_config':{'hidden_act':'gelu','hidden_size':48,'image_size':56,'intermediate_size':192," \
  "'model_type':'llama4_vision_model','multi_modal_projector_bias':false,'norm_eps':1e-05,'num_attention_heads':3," \
  "'num_channels':3,'num_hidden_layers':3,'patch_size':14,'pixel_shuffle_ratio':0.5,'projector_input_dim':64," \
  "'projector_output_dim':64,'rope_theta':10000,'vision_feature_layer':-1,'vision_feature_select_strategy':'default'," \
  "'vision_output_dim':64}}"

#define PROCESSOR \
  "{'do_normalize':true,'do_rescale':true,'do_resize':true,'image_mean':[0.5,0.5,0.5],'image_processor_type':" \
  "'Llama4ImageProcessorFast','image_std':[0.5,0.5,0.5],'max_patches':4,'resample':2,'rescale_factor':0.00392156862745098," \
  "'resize_to_max_canvas':true,'size':{'height':56,'width':56}}"

static inline char *
replaced (const char *text, const char *from, const char *to)
{
  GString *result = g_string_new (text);

  if (from != NULL)
    g_assert_cmpuint (g_string_replace (result, from, to, 1), ==, 1);
  return g_string_free (result, FALSE);
}

static inline void
put (const Folder *folder, const char *name, const char *text)
{
  g_autofree char *json = json_from (text);
  g_autofree char *path = folder_write (folder, name, json, -1);
}
