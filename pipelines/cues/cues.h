/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sentences to cues as broadcasters accept them: lines, reading speed, durations and gaps by a book of rules. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A character is what a reader takes for one (a grapheme); a wide one (Chinese, Japanese, Korean, emoji) counts by its own limits,
 * and a line of both kinds by its share of either. Blanks count. */
typedef struct
{
  guint lines;                  /* most lines of a cue, 1 to 3 */
  guint columns;                /* most characters of a line */
  guint wide_columns;           /* most wide characters of a line */
  double speed;                 /* most characters a second */
  double wide_speed;            /* most wide characters a second */
  guint64 shortest, longest;    /* nanoseconds of a cue */
  guint64 gap;                  /* least time between two cues, nanoseconds; where the frame rate is known, gap_frames of its frames */
  guint gap_frames;
  guint64 pause;                /* nanoseconds: where there is more than the gap, it is at least that long; 0: as long as it is */
} L4CueRules;

/* "plain", "netflix", "bbc", of English; NULL: no such preset. */
const L4CueRules *l4_cue_rules (const char *preset);

/* The figures that such a preset has for the language of that tag ("en", "pt-BR"); NULL: English. */
void l4_cue_rules_for (const char *preset, const char *tag, L4CueRules *rules);

/* Rules as options: entries for L4Command's `more`, and the preset for that language with the changes that they say. */
const GOptionEntry *l4_cue_entries (void);
gboolean l4_cue_options (const char *tag, L4CueRules *rules, GError **error);

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

/* What is said of [start, end), nanoseconds; times do not go back. text: any, made one line. Cues stay within that time, and end where
 * the next sentence's time begins. Only what has less time than the shortest cue takes some of its neighbours', where they have more
 * than they need; and where less than the rules' pause lies between two cues, the first goes on until the other.
 *
 * Of text that is too long for its time the reading speed gives way: what is shown too briefly can be read after a pause, what is left
 * out cannot. Lines, durations and gaps hold all the same, so there is a most that fits: as many cues of full lines as the time holds of
 * the shortest. What goes beyond is cut at a word, with an ellipsis. */
void l4_cue_maker_add (L4CueMaker *self, guint64 start, guint64 end, const char *text);

/* The cues of all sentences, of L4Cue, in order. (transfer full) */
GPtrArray *l4_cue_maker_finish (L4CueMaker *self);

/* Of what the last l4_cue_maker_finish() gave: cues that are to be read faster than the rules say, and sentences that were cut. */
void l4_cue_maker_get_counts (const L4CueMaker *self, guint *fast, guint *cut);

/* Files of cues ------------------------------------------------------------------------------------------------------------- */

typedef enum
{
  L4_CUE_FILE_SRT,
  L4_CUE_FILE_VTT,
  L4_CUE_FILE_TTML,
  L4_CUE_FILE_ASS
} L4CueFile;

/* The whole file. Its readers show the text as it is and obey nothing in it: what they would obey is written as they show it, or where
 * the format has no way to say so, by characters that look like it. language: a language tag ("en"), or NULL. (transfer full) */
char *l4_cues_to_file (GPtrArray *cues, L4CueFile kind, const char *language);

/* One cue's text as a packet of a subtitle stream of that codec (FFmpeg's name) has it: "subrip", "mov_text" without its length,
 * "webvtt", "ass" with number as its order of reading. (transfer full) */
char *l4_cue_to_packet (const L4Cue *cue, const char *codec, guint number);

/* The head of an ASS file or stream: how cues look. */
char *l4_cues_ass_header (void);

G_END_DECLS
