/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From where on a film's time counts, and how long it is. */

#pragma once

#include "film/reader.h"

G_BEGIN_DECLS

/* Sets reader->zero, by the time stamp of the first picture that is shown (AV_NOPTS_VALUE: it has none). */
void l4_clock_set_zero (L4Reader *reader, gint64 first);

/* Nanoseconds from zero to the film's end, as far as the file tells; 0: it does not. */
guint64 l4_clock_duration (const L4Reader *reader);

G_END_DECLS
