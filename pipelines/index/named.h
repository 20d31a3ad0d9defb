/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film of the index as a user names it. */

#pragma once

#include "index/index.h"

G_BEGIN_DECLS

/* The film at that path, or, where there is none, the only one whose path has name as a part (its file's name before what is above it).
 * NULL with an error: there is none, or several. (transfer full) */
L4IndexVideo *l4_index_find_named (L4Index *self, const char *name, GError **error);

G_END_DECLS
