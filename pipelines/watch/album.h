/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of alerts: in the folder of a camera's day, whole or not at all, under names that nothing else has. */

#pragma once

#include "cameras/cameras.h"

G_BEGIN_DECLS

/* FOLDER/CAMERA/DAY/14-03-12 RULE.SUFFIX, or with -2 and so on before the suffix; the folders are made. NULL: they cannot be.
 * (transfer full) */
char *l4_album_path (const L4Cameras *cameras, const L4Camera *camera, const L4Rule *rule, gint64 time, const char *suffix, GError **error);

/* Writes a picture there. NULL: it could not be. (transfer full) */
char *l4_album_put (const L4Cameras *cameras, const L4Camera *camera, const L4Rule *rule, gint64 time, GBytes *jpeg, GError **error);

G_END_DECLS
