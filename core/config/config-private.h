/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of reading config.json, by object. Every function checks ranges and names file and key in its error. */

#pragma once

#include "config/config.h"
#include "files/json.h"

#define L4_MAX_CONFIG (4 * 1024 * 1024) /* bytes of a file */

/* Far beyond every model known, yet small enough for the products of sizes. */
#define L4_MAX_HIDDEN (G_GINT64_CONSTANT (1) << 20)
#define L4_MAX_HEADS 1024
#define L4_MAX_HEAD_DIM 1024
#define L4_MAX_EXPERTS 4096
#define L4_MAX_VOCAB (G_GINT64_CONSTANT (1) << 24)
#define L4_MAX_CONTEXT (G_GINT64_CONSTANT (1) << 27)
#define L4_MAX_LAYERS 1024
#define L4_MAX_SIDE 4096        /* pixels of a tile */
#define L4_MAX_GRID 512         /* patches along a tile */
#define L4_MAX_WIDTH 65536      /* of the vision encoder */
#define L4_MAX_SHUFFLE 16
#define L4_MAX_TILES 64

/* What a file that does not say means, as the reference reads it. */
#define L4_DEFAULT_CONTEXT 131072
#define L4_DEFAULT_CHUNK 8192
#define L4_DEFAULT_FLOOR_SCALE 8192
#define L4_DEFAULT_ATTN_SCALE 0.1
#define L4_DEFAULT_RMS_EPS 1e-5
#define L4_DEFAULT_THETA 500000
#define L4_DEFAULT_INTERVAL 4
#define L4_DEFAULT_TILES 16
#define L4_DEFAULT_NORM_EPS 1e-5
#define L4_DEFAULT_VISION_THETA 10000

/* As l4_json_get_int(), but a missing or null key is an error. */
gboolean l4_config_need_int (const L4Json *json, yyjson_val *object, const char *key, gint64 minimum, gint64 maximum,
    gint64 *value, GError **error);

/* Fails with L4_ERROR_UNSUPPORTED unless the string under key is missing or one that this version computes. */
gboolean l4_config_only_string (const L4Json *json, yyjson_val *object, const char *key, const char *only, GError **error);

/* RoPE of either style: rope_parameters, or rope_theta with rope_scaling beside it. rope holds the defaults. */
gboolean l4_config_read_rope (const L4Json *json, yyjson_val *object, L4RopeConfig *rope, GError **error);

/* text: the object with the decoder's settings. Allocates config->layers; config->tied is left to the caller. */
gboolean l4_config_read_text (const L4Json *json, yyjson_val *text, L4TextConfig *config, GError **error);

gboolean l4_config_read_vision (const L4Json *json, yyjson_val *vision, L4VisionConfig *config, GError **error);

/* Which of the encoder's sizes does not go with the others, and why (transfer full). */
typedef enum
{
  L4_VISION_FITS = -1,
  L4_VISION_IMAGE_SIZE,
  L4_VISION_HIDDEN,
  L4_VISION_INTERMEDIATE,
  L4_VISION_PROJECTOR
} L4VisionFlaw;
L4VisionFlaw l4_config_vision_flaw (const L4VisionConfig *config, char **reason);

/* Together with the limits of the single values this keeps every product of sizes, in bytes, below 2^63. */
gboolean l4_config_check_total (const char *path, const L4Config *config, GError **error);

/* The settings in the metadata of a GGUF checkpoint; its vision part into config->vision. */
L4Config *l4_config_load_gguf (const L4Checkpoint *checkpoint, GError **error);
gboolean l4_config_read_gguf_vision (const L4Checkpoint *checkpoint, L4Config *config, GError **error);

/* What the image processor's file in folder says; config->image_size is set. */
gboolean l4_config_read_processor (const char *folder, L4VisionConfig *config, GError **error);
