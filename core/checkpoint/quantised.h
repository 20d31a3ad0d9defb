/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the settings of a Hugging Face folder say of how its weights were quantised. */

#pragma once

#include "files/json.h"

typedef enum
{
  L4_QUANTISED_NOT,
  L4_QUANTISED_COMPRESSED,      /* compressed-tensors: 8-bit floats, integers of 4 bits */
  L4_QUANTISED_FP8,             /* 8-bit floats with a scale for 128 by 128 */
  L4_QUANTISED_GPTQ             /* integers of 4 bits */
} L4QuantisedMethod;

typedef struct
{
  L4QuantisedMethod method;
  gboolean symmetric;           /* no integers have zeros of their own: it is the middle */
  gboolean asymmetric;          /* all integers have */
  gboolean zeros_less_one;      /* of GPTQ: files hold one less than what they are */
} L4Quantised;

/* From the settings' quantization_config; L4_QUANTISED_NOT when there is none. L4_ERROR_UNSUPPORTED names what cannot be read. Which
 * tensors are quantised, and in groups of what size, the tensors say. */
gboolean l4_quantised_read (const L4Json *json, yyjson_val *settings, L4Quantised *quantised, GError **error);
