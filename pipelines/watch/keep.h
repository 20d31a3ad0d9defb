/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lets go of days of cameras that are older, or more, than is to be kept. */

#pragma once

#include "cameras/cameras.h"
#include "index/index.h"

G_BEGIN_DECLS

/* The key of a camera's day in an index: KEY, then the name of the camera, a colon, the name of the day. */
#define L4_DAY_KEY "camera:"

/* index: NULL: none. The day of now stays, however much it has. Of other videos and folders nothing is touched. */
gboolean l4_keep (const L4Cameras *cameras, L4Index *index, gint64 now, GError **error);

G_END_DECLS
