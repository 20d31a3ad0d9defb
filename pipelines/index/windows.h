/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window from a row. */

#pragma once

#include "index/database.h"

/* The columns that l4_window_from_row() reads, of windows AS w and details AS d; and without d. */
#define L4_WINDOW_COLUMNS "w.id, w.video, w.run, w.start, w.\"end\", w.text, d.record"
#define L4_WINDOW_COLUMNS_BARE "w.id, w.video, w.run, w.start, w.\"end\", w.text, NULL"
#define L4_N_WINDOW_COLUMNS 7

L4IndexWindow *l4_window_from_row (const L4Value *columns);     /* (transfer full) */
