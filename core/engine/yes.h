/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How likely yes is, against no. */

#pragma once

#include "tokenizer/tokenizer.h"

/* The share that yes has of the probabilities of yes and no, however they are spelled, by the logits [vocab] of the next token. NAN: neither
 * has a logit that is a number. */
double l4_yes_share (const L4Tokenizer *tokenizer, const float *logits, gint64 vocab);
