/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of the steps between products: activations are bfloat16, sums float. */

#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t bf16;

static const float TINY = 1e-5f;

static inline float
wide (bf16 x)
{
  union { uint32_t bits; float value; } u = { .bits = (uint32_t) x << 16 };
  return u.value;
}

static inline bf16
narrow (float x)
{
  union { float value; uint32_t bits; } u = { .value = x };
  return (bf16) ((u.bits + 0x7fff + (u.bits >> 16 & 1)) >> 16);
}

/* e to the power of x, which is below 88, in so few steps that compilers make vectors of them; below -87 almost nothing. */
static inline float
power (float x)
{
  const float v = fmaxf (x, -87) * 1.44269504f, whole = rintf (v), f = v - whole;
  union { float value; uint32_t bits; } u =
      { .value = 1 + f * (0.69314718f + f * (0.24022651f + f * (0.05550411f + f * (0.00961813f + f * 0.00133336f)))) };
  u.bits += (uint32_t) (int32_t) whole << 23;
  return u.value;
}
