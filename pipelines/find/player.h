/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A film shown by a player of the machine, from a time on. */

#pragma once

#include <gio/gio.h>

/* The arguments of the player that shows the file (an absolute path) from that stream time on, nanoseconds. choice: a command line in
 * which {file}, {start} and {seconds} ("1:02:03.5", "3723.5") are filled in; without {file} the file stands at its end; NULL: the first of mpv, vlc,
 * ffplay and xdg-open (which knows no times) that is installed. (transfer full) */
char **l4_player_get_command (const char *choice, const char *path, guint64 start, GError **error);

/* Becomes the player. Returns only when that fails, FALSE. */
gboolean l4_player_become (char **command, GError **error);
