/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of a record as ONVIF has them: in frames of the scene. */

#pragma once

#include <glib.h>
#include <yyjson.h>

G_BEGIN_DECLS

/* Texts belong to the record. */
typedef struct
{
  guint64 id;
  const char *label, *text;     /* "": none */
  double confidence;            /* 0 … 1 */
  double x, y, width, height;   /* fractions of the picture, from its left upper corner */
  gint64 time;                  /* when it was seen so, microseconds since 1970 */
} L4OnvifObject;

/* Those of a record whose window began at that time, of L4OnvifObject, by their times. record: NULL: none. (transfer full) */
GArray *l4_onvif_objects_find (yyjson_val *record, gint64 from);

/* Appends a tt:VideoAnalytics with a frame for each time; nothing where there are none. */
void l4_onvif_objects_add (GString *xml, const GArray *objects);

G_END_DECLS
