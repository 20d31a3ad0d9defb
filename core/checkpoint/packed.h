/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights of a Hugging Face folder whose codes, scales and zeros are tensors of their own, as one tensor of blocks:
 * - compressed-tensors' NAME.weight_packed [rows, columns / 8], eight codes of 4 bits a number, the lowest first, with NAME.weight_scale
 *   [rows, groups], without symmetry NAME.weight_zero_point [rows / 8, groups] (packed the other way), and NAME.weight_g_idx [columns];
 * - GPTQ's NAME.qweight [columns / 8, rows], NAME.scales [groups, rows], NAME.qzeros [groups, rows / 8] and NAME.g_idx [columns];
 * - NAME.weight of 8-bit floats with a scale for each 128 rows by 128 columns in NAME.weight_scale_inv or NAME.weight_scale.
 * All become NAME.weight [rows, columns]: of L4_TYPE_INT4_128, where groups are no multiples of 128 columns but of 32 of L4_TYPE_INT4_32, or
 * of L4_TYPE_F8_128. */

#pragma once

#include "checkpoint/checkpoint-private.h"

/* Puts those tensors in the place of their parts; sorted ones stay so. Nothing in shapes and settings is trusted; data is not read but for
 * NAME.weight_shape. */
gboolean l4_packed_join (L4Checkpoint *self, GError **error);

/* l4_checkpoint_read() of one of them. Scales that are no numbers are an error, and columns whose groups are not consecutive
 * (which whoever reads the first block is told). */
gboolean l4_packed_read (const L4Checkpoint *self, const L4Tensor *tensor, guint64 first_byte, gsize n_bytes, guint8 *out,
    GError **error);
