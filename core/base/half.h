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

/* Rounds to nearest, ties to even; too large becomes infinite, a NaN stays a (quiet) NaN. */
static inline guint16
l4_half_from_float (float value)
{
  guint32 bits, sign;
  float shifted;

  memcpy (&bits, &value, sizeof bits);
  sign = (bits >> 16) & 0x8000;
  bits &= 0x7fffffff;
  if (bits > 0x7f800000)
    return (guint16) (sign | 0x7e00 | ((bits >> 13) & 0x1ff));
  if (bits >= 0x477ff000)
    return (guint16) (sign | 0x7c00);
  if (bits < 0x38800000) {      /* subnormal: beside 0.5 the last bit of a float32 is that of the half */
    memcpy (&shifted, &bits, sizeof shifted);
    shifted += 0.5f;
    memcpy (&bits, &shifted, sizeof bits);
    return (guint16) (sign | (bits - 0x3f000000));
  }
  return (guint16) (sign | ((bits + 0xfff + ((bits >> 13) & 1)) - 0x38000000) >> 13);
}
