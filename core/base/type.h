/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The types that weights have in files and in memory. */

#pragma once

#include <glib.h>

/* Block formats up to MXFP4 are those of ggml (ggml-common.h); blocks/type.c has their formulas. */
typedef enum
{
  L4_TYPE_F32,
  L4_TYPE_F16,
  L4_TYPE_BF16,
  L4_TYPE_F8_E4M3,              /* no infinity; 0x7f and 0xff are NaN; the scale of each row is a tensor of its own */
  L4_TYPE_Q4_0,
  L4_TYPE_Q4_1,
  L4_TYPE_Q5_0,
  L4_TYPE_Q5_1,
  L4_TYPE_Q8_0,
  L4_TYPE_Q2_K,
  L4_TYPE_Q3_K,
  L4_TYPE_Q4_K,
  L4_TYPE_Q5_K,
  L4_TYPE_Q6_K,
  L4_TYPE_IQ4_NL,
  L4_TYPE_IQ4_XS,
  L4_TYPE_IQ2_XXS,
  L4_TYPE_IQ2_XS,
  L4_TYPE_IQ2_S,
  L4_TYPE_IQ3_XXS,
  L4_TYPE_IQ3_S,
  L4_TYPE_IQ1_S,
  L4_TYPE_IQ1_M,
  L4_TYPE_TQ1_0,
  L4_TYPE_TQ2_0,
  L4_TYPE_MXFP4,
  L4_TYPE_INT4_32,              /* these three are in no file: what is read of weights whose scales and zeros are tensors of their own */
  L4_TYPE_INT4_128,
  L4_TYPE_F8_128,
  L4_N_TYPES,
  L4_TYPE_OTHER = L4_N_TYPES    /* present, but cannot be read */
} L4Type;
