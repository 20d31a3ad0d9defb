/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of films, and of what others put beside them. */

#include "scan/scan-private.h"

#include <string.h>

/* Endings of names of films; the shell's sort has them in this order. */
static const char *const suffixes[] = {
  "264", "265", "3g2", "3gp", "3gp2", "3gpp", "amv", "asf", "avc", "avi", "av1", "bik", "braw", "dav", "divx", "dv", "dvr-ms", "evo", "f4p",
  "f4v", "flv", "gxf", "h264", "h265", "hevc", "insv", "ivf", "lrv", "m1v", "m2p", "m2t", "m2ts", "m2v", "m4v", "mj2", "mjpeg", "mjpg",
  "mk3d", "mkv", "mov", "mp2v", "mp4", "mp4v", "mpe", "mpeg", "mpg", "mpv", "mpv2", "mts", "mxf", "nut", "obu", "ogm", "ogv", "ogx", "qt",
  "r3d", "rm", "rmvb", "tod", "tp", "trp", "ts", "vob", "vro", "webm", "wmv", "wtv", "xvid", "y4m",
};

/* Folders of network storage and Windows: thumbnails, what was deleted. Those whose name begins with a dot are hidden anyway. */
static const char *const helpers[] = {
  "@eaDir", "@Recycle", "@Recently-Snapshot", "@tmp", "#recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found",
};

gboolean
l4_scan_is_film_name (const char *name)
{
  const char *dot = strrchr (name, '.');

  for (guint i = 0; dot != NULL && i < G_N_ELEMENTS (suffixes); i++)
    if (g_ascii_strcasecmp (dot + 1, suffixes[i]) == 0)
      return TRUE;
  return FALSE;
}

gboolean
l4_scan_is_hidden_name (const char *name)
{
  if (*name == '.')
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (helpers); i++)
    if (g_str_equal (name, helpers[i]))
      return TRUE;
  return FALSE;
}
