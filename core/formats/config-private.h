/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of reading config.json, by object. Every function checks ranges and names file and key in its error. */

#pragma once

#include "formats/config.h"
#include "formats/json.h"

#define L4_MAX_CONFIG (4 * 1024 * 1024) /* bytes of a file */

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

/* What the image processor's file in folder says; config->image_size is set. */
gboolean l4_config_read_processor (const char *folder, L4VisionConfig *config, GError **error);
