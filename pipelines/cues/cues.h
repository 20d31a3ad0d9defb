/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences to cues as broadcasters accept them: lines, reading speed, durations and gaps by a book of rules. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  guint lines;                  /* most lines of a cue */
  guint columns;                /* most characters (graphemes) of a line; wide ones (CJK) count by their own limit */
  guint wide_columns;           /* most of a line of Chinese, Japanese or Korean */
  double speed;                 /* most characters a second */
  guint64 shortest, longest;    /* nanoseconds */
  guint64 gap;                  /* least time between two cues, nanoseconds */
} L4CueRules;

/* "plain", "netflix", "bbc"; NULL: no such preset. */
const L4CueRules *l4_cue_rules (const char *preset);

typedef struct
{
  guint64 start, end;           /* nanoseconds */
  char **lines;                 /* NULL-terminated, valid UTF-8, no line ends within */
} L4Cue;

void l4_cue_free (L4Cue *cue);

/* Makes cues of sentences that come in order. */
typedef struct _L4CueMaker L4CueMaker;

L4CueMaker *l4_cue_maker_new (const L4CueRules *rules);
void l4_cue_maker_free (L4CueMaker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4CueMaker, l4_cue_maker_free)

/* What is said of [start, end). text: one line of UTF-8. Cues stay within that time and overlap none. */
void l4_cue_maker_add (L4CueMaker *self, guint64 start, guint64 end, const char *text);

/* The cues so far, of L4Cue, in order. (transfer full) */
GPtrArray *l4_cue_maker_finish (L4CueMaker *self);

/* Files of cues ------------------------------------------------------------------------------------------------------------- */

typedef enum
{
  L4_CUE_FILE_SRT,
  L4_CUE_FILE_VTT,
  L4_CUE_FILE_TTML,
  L4_CUE_FILE_ASS
} L4CueFile;

/* The whole file; text is shown as it is by whoever reads it, never obeyed. (transfer full) */
char *l4_cues_to_file (GPtrArray *cues, L4CueFile kind, const char *language);

/* One cue's text as a packet of a subtitle stream of that kind has it ("subrip", "mov_text" without its length, "webvtt", "ass").
 * (transfer full) */
char *l4_cue_to_packet (const L4Cue *cue, const char *codec);

G_END_DECLS
