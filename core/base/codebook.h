/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The codebooks of the IQ types, as every file of them takes for granted. */

#pragma once

#include <glib.h>

/* What ggml (ggml-common.h) calls grids: each entry is 8 weights of 2 bits, or 4 of 3 bits in those of IQ3, from the lowest bits on; the
 * numbers are levels of the type: 8, 25, 43 in IQ2; -1, 0, 1 in IQ1; 4, 12, 20, 28, 36, 44, 52, 62 in IQ3_XXS; 1, 3 … 15 in IQ3_S. */
extern const guint16 l4_codebook_iq2_xxs[256];
extern const guint16 l4_codebook_iq2_xs[512];
extern const guint16 l4_codebook_iq2_s[1024];
extern const guint16 l4_codebook_iq3_xxs[256];
extern const guint16 l4_codebook_iq3_s[512];
extern const guint16 l4_codebook_iq1[2048];         /* IQ1_S and IQ1_M */

/* The same in bytes: all lower ones, then all upper ones. */
extern const guint8 l4_planes_iq2_xxs[2][256];
extern const guint8 l4_planes_iq2_xs[2][512];
extern const guint8 l4_planes_iq2_s[2][1024];
extern const guint8 l4_planes_iq3_xxs[2][256];
extern const guint8 l4_planes_iq3_s[2][512];
extern const guint8 l4_planes_iq1[2][2048];

/* The same as codes, a byte a weight: its level and 64 in IQ2 and IQ3_XXS, 16 in IQ3_S; 8 times it and 15 in IQ1. */
extern const guint64 l4_codes_iq2_xxs[256];
extern const guint64 l4_codes_iq2_xs[512];
extern const guint64 l4_codes_iq2_s[1024];
extern const guint32 l4_codes_iq3_xxs[256];
extern const guint32 l4_codes_iq3_s[512];
extern const guint64 l4_codes_iq1[2048];
