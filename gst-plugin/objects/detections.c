/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a detector upstream has found in a frame, and a tracker knows again, as GstAnalytics tells it. */

#include "objects/detections.h"

#ifdef L4_HAS_ANALYTICS
#include <gst/analytics/analytics.h>

gboolean
gst_llama4_detections_supported (void)
{
  return TRUE;
}

/* Which way the two are related is not agreed upon. */
static gboolean
find_tracking (GstAnalyticsRelationMeta * meta, guint detection, GstAnalyticsTrackingMtd * found)
{
  const GstAnalyticsMtdType type = gst_analytics_tracking_mtd_get_mtd_type ();
  gpointer state = NULL;

  if (gst_analytics_relation_meta_get_direct_related (meta, detection, GST_ANALYTICS_REL_TYPE_ANY, type, &state, found))
    return TRUE;
  state = NULL;
  while (gst_analytics_relation_meta_iterate (meta, &state, type, found))
    if (gst_analytics_relation_meta_get_relation (meta, found->id, detection) != GST_ANALYTICS_REL_TYPE_NONE)
      return TRUE;
  return FALSE;
}

static gboolean
has_id (const GArray * detections, guint64 id)
{
  for (guint i = 0; i < detections->len; i++) {
    const GstLlama4Detection *one = &g_array_index (detections, GstLlama4Detection, i);

    if (one->tracked && one->id == id)
      return TRUE;
  }
  return FALSE;
}

/* FALSE: it has no place. */
static gboolean
read_one (const GstAnalyticsODMtd * mtd, GstLlama4Detection * detection)
{
  gint x, y, width, height;
  gfloat confidence;

  if (!gst_analytics_od_mtd_get_location (mtd, &x, &y, &width, &height, &confidence) || width <= 0 || height <= 0)
    return FALSE;
  detection->label = g_quark_to_string (gst_analytics_od_mtd_get_obj_type (mtd));
  detection->confidence = confidence >= 0 ? MIN (confidence, 1) : 0;    /* what is no number is neither */
  detection->box = (GstLlama4Region) { x, y, width, height };
  return TRUE;
}

void
gst_llama4_detections_read (GstBuffer * buffer, GArray * detections)
{
  GstAnalyticsRelationMeta *meta = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsODMtd mtd;
  gpointer state = NULL;

  if (meta == NULL)
    return;
  for (guint n = 0; n < GST_LLAMA4_MOST_DETECTIONS
      && gst_analytics_relation_meta_iterate (meta, &state, gst_analytics_od_mtd_get_mtd_type (), &mtd); n++) {
    GstLlama4Detection detection = { 0 };
    GstAnalyticsTrackingMtd tracking;
    GstClockTime first, last;
    gboolean lost = FALSE;

    if (!read_one (&mtd, &detection))
      continue;
    detection.tracked = find_tracking (meta, mtd.id, &tracking)
        && gst_analytics_tracking_mtd_get_info (&tracking, &detection.id, &first, &last, &lost);
    detection.id &= G_MAXINT64; /* what reads records knows no larger numbers */
    if (!lost && !(detection.tracked && has_id (detections, detection.id)))
      g_array_append_val (detections, detection);
  }
}
#else
gboolean
gst_llama4_detections_supported (void)
{
  return FALSE;
}

void
gst_llama4_detections_read (GstBuffer * buffer, GArray * detections)
{
}
#endif
