/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a film is encrypted. */

#pragma once

#include "film/reader.h"

G_BEGIN_DECLS

/* Whether the file says so. */
gboolean l4_reader_is_encrypted (L4Reader *self);
/* Whether it is a transport stream whose film is scrambled, which shows only packet by packet; for films that cannot be decoded. */
gboolean l4_reader_is_scrambled (L4Reader *self);

G_END_DECLS
