/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sentence as its characters (graphemes), and the places where a line of it may end. */

#pragma once

#include "cues/cues.h"

G_BEGIN_DECLS

/* What is between two characters. */
typedef struct
{
  guint end;                    /* the characters before it, without a blank at their end */
  guint next;                   /* the first character behind it */
  double penalty;               /* how bad an end of a line here is: 0, the end of a sentence; see sentence.c */
} L4CueBreak;

typedef struct
{
  char *text;                   /* one line of UTF-8 */
  guint n;                      /* characters */
  guint *offsets;               /* [n + 1] in bytes */
  guint *wide;                  /* [n + 1] wide characters before each */
  guint n_breaks;               /* the first one is the beginning, the last the end */
  L4CueBreak *breaks;           /* [n_breaks] */
} L4CueSentence;

/* The rules tell what a line holds: a word that is longer may be broken between any two of its characters. */
void l4_cue_sentence_init (L4CueSentence *self, const char *text, const L4CueRules *rules);
void l4_cue_sentence_clear (L4CueSentence *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4CueSentence, l4_cue_sentence_clear)

/* Of the characters between two breaks. */
double l4_cue_sentence_fill (const L4CueSentence *self, guint from, guint to, const L4CueRules *rules);        /* 1: a full line */
guint64 l4_cue_sentence_reading (const L4CueSentence *self, guint from, guint to, const L4CueRules *rules);    /* nanoseconds */
char *l4_cue_sentence_line (const L4CueSentence *self, guint from, guint to);  /* (transfer full) */

G_END_DECLS
