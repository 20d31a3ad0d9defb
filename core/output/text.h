/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole code points out of a stream of token bytes. The functions under Output in llama4.h live here too. */

#pragma once

#include "base/error.h"

/* Moves from bytes to text what is complete: invalid bytes become U+FFFD, the start of an unfinished code point stays in bytes
 * unless at_end. NUL bytes become U+FFFD as well. */
void l4_text_take (GString *bytes, gboolean at_end, GString *text);

/* JSON without white space as JSON of the same value, in which characters that terminals obey or hide are escaped. (transfer full) */
char *l4_text_to_json (const char *json);
