/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is told of a window, and of a rule, as JSON. */

#pragma once

#include <yyjson.h>

#include "cameras/cameras.h"
#include "watch/news.h"

G_BEGIN_DECLS

/* A rule that began to hold for a camera's window, or ceased to. Borrowed. */
typedef struct
{
  const L4Camera *camera;
  const L4Rule *rule;
  const L4News *window;        /* NULL: it ceased to as the camera was lost */
  gboolean over;
  yyjson_val *value;            /* that it looked at; NULL: none */
  const char *picture;          /* its file; NULL: none */
  gint64 time;                  /* microseconds since 1970 */
} L4Told;

/* {"event":"alert","camera","rule","time","start","end","value","sentence","picture","record"}; "event":"over" has no picture.
 * One line. (transfer full) */
char *l4_alert_to_json (const L4Told *told);

/* {"event":"window","camera","time","until","start","end","text","record"}; of a summary "event":"recap", of a text that grows
 * "event":"partial", without a record. (transfer full) */
char *l4_said_to_json (const L4Camera *camera, const L4News *said);

G_END_DECLS
