/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text as each format shows it, and times as each writes them. For the files of this room. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define L4_CUE_WORD_JOINER "\342\201\240"      /* U+2060: has no width and is no blank */

/* line: one line of valid UTF-8 without control characters. All (transfer full). */
char *l4_cue_vtt_text (const char *line);
char *l4_cue_xml_text (const char *line);

/* "HH:MM:SS" and milliseconds behind the mark, rounded. */
char *l4_cue_clock (guint64 time, char mark);

G_END_DECLS
