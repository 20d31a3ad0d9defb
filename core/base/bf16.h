/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bfloat16: the upper half of a float32. */

#pragma once

#include <glib.h>
#include <string.h>

static inline float
l4_bf16_to_float (guint16 value)
{
  guint32 bits = (guint32) value << 16;
  float result;

  memcpy (&result, &bits, sizeof result);
  return result;
}

/* Rounds to nearest, ties to even; a NaN stays a (quiet) NaN. */
static inline guint16
l4_bf16_from_float (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return (bits >> 16) | 0x40;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}
