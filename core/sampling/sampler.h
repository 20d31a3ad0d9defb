/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choosing the next token from logits. */

#pragma once

#include "base/error.h"

typedef struct _L4Sampler L4Sampler;

/* temperature 0: greedy (lowest id on ties). The same seed and logits give the same tokens on every machine.
 * L4_ERROR_INPUT when temperature is negative or not finite, or top_p outside [0, 1]. (transfer full) */
L4Sampler *l4_sampler_new (double temperature, double top_p, guint64 seed, GError **error);
void l4_sampler_free (L4Sampler *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Sampler, l4_sampler_free)

/* logits: [n]; NaN counts as minus infinity. -1 when none is more than that. */
gint32 l4_sampler_choose (L4Sampler *self, const float *logits, guint n);

/* Leaves the logits [n] of those tokens whose bit is set in mask [(n + 31) / 32], the lowest first; the others become minus infinity. */
void l4_logits_mask (float *logits, guint n, const guint32 *mask);
