/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film from a row. */

#pragma once

#include "index/database.h"

/* The columns that l4_video_from_row() reads, of videos AS v. */
#define L4_VIDEO_COLUMNS "v.id, v.path, v.size, v.mtime, v.key, v.container, v.codec, v.width, v.height, v.duration"
#define L4_N_VIDEO_COLUMNS 10

L4IndexVideo *l4_video_from_row (const L4Value *columns);       /* (transfer full) */
