/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How alike two glances are when what moved from the one to the other is allowed for. All for any thread. */

#pragma once

#include "moments/glance.h"

G_BEGIN_DECLS

/* Mean difference of luma at the same place, of 255. */
double gst_llama4_likeness_difference (const GstLlama4Glance * one, const GstLlama4Glance * other);

/* The same after every block of `later` was looked for in `earlier`, up to `reach` cells away across and half of it down: what no motion
 * explains. For frames shortly after each other. */
double gst_llama4_likeness_residual (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint reach);

/* What neither motion nor another light explains of the texture of `later`: 0 nothing, 1 about all. */
double gst_llama4_likeness_unexplained (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint reach);

/* Of the textured blocks of both, those that are as they were and where they were, in any light: 0 none, 1 all, 0 where there are too few. */
double gst_llama4_likeness_kept (const GstLlama4Glance * earlier, const GstLlama4Glance * later);

/* Distance of the lumas' and of the colours' distributions, 0 … 1. */
double gst_llama4_likeness_lumas (const GstLlama4Glance * one, const GstLlama4Glance * other);
double gst_llama4_likeness_colours (const GstLlama4Glance * one, const GstLlama4Glance * other);

/* The highest correlation of the two as wholes, the one moved and scaled as it may be: 1 for the same, about 0.3 for others. */
double gst_llama4_likeness_correlation (const GstLlama4Glance * earlier, const GstLlama4Glance * later);

/* Logarithm of the odds that the two are of different shots, for frames of which each may show much that the other does not. */
double gst_llama4_likeness_strangeness (const GstLlama4Glance * earlier, const GstLlama4Glance * later, guint reach);

G_END_DECLS
