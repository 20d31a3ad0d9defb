/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IEEE half precision. */

#pragma once

#include <glib.h>
#include <string.h>

/* Exact; subnormal numbers, infinities and NaN included. */
static inline float
l4_half_to_float (guint16 value)
{
  guint32 sign = (guint32) (value & 0x8000) << 16, exponent = (value >> 10) & 31, mantissa = value & 0x3ff;
  guint32 bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | mantissa << 13;
  float result;

  if (exponent == 0)
    return (sign ? -1.0f : 1.0f) * (float) mantissa * 0x1p-24f;
  memcpy (&result, &bits, sizeof result);
  return result;
}
