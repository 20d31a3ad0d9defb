/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many files this process may have open: each camera has several. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As many as it may allow itself, within reason. Once, before threads begin. */
void l4_open_files_raise (void);

/* What it was before, which programs that are started expect. Between fork() and exec(), too. */
void l4_open_files_restore (void);

G_END_DECLS
