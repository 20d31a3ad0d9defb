/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a file's streams is the film. */

#pragma once

#include "film/reader.h"

G_BEGIN_DECLS

/* The first video stream that is no cover and not one picture only; NULL: there is none, or it is of no use. What was read to tell
 * waits in reader->ahead. (transfer none) */
AVStream *l4_choose_stream (L4Reader *reader, GError **error);

G_END_DECLS
