/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a film says of its light, as FFmpeg and as GStreamer have it. */

#include "film/light.h"

#include <gst/video/video.h>

#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mem.h>

#define PLACE 50000             /* GStreamer's parts of one on the plane of colours */
#define CANDELA 10000           /* and of one per square metre */

static gint64
parts (AVRational value, int unit, gint64 most)
{
  return value.den > 0 ? CLAMP (av_rescale (value.num, unit, value.den), 0, most) : 0;
}

static void
add_mastering (const AVMasteringDisplayMetadata *from, GstCaps *caps)
{
  GstVideoMasteringDisplayInfo to = { 0 };

  if (!from->has_primaries || !from->has_luminance)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (to.display_primaries); i++) {
    to.display_primaries[i].x = parts (from->display_primaries[i][0], PLACE, G_MAXUINT16);
    to.display_primaries[i].y = parts (from->display_primaries[i][1], PLACE, G_MAXUINT16);
  }
  to.white_point.x = parts (from->white_point[0], PLACE, G_MAXUINT16);
  to.white_point.y = parts (from->white_point[1], PLACE, G_MAXUINT16);
  to.max_display_mastering_luminance = parts (from->max_luminance, CANDELA, G_MAXUINT32);
  to.min_display_mastering_luminance = parts (from->min_luminance, CANDELA, G_MAXUINT32);
  gst_video_mastering_display_info_add_to_caps (&to, caps);
}

void
l4_light_to_caps (const AVFrame *frame, GstCaps *caps)
{
  const AVFrameSideData *mastering = av_frame_get_side_data (frame, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
  const AVFrameSideData *level = av_frame_get_side_data (frame, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
  GstVideoContentLightLevel to = { 0 };

  if (mastering != NULL)
    add_mastering ((const AVMasteringDisplayMetadata *) (gconstpointer) mastering->data, caps);
  if (level == NULL)
    return;
  to.max_content_light_level = MIN (((const AVContentLightMetadata *) (gconstpointer) level->data)->MaxCLL, G_MAXUINT16);
  to.max_frame_average_light_level = MIN (((const AVContentLightMetadata *) (gconstpointer) level->data)->MaxFALL, G_MAXUINT16);
  gst_video_content_light_level_add_to_caps (&to, caps);
}

/* Takes over data. */
static gboolean
attach (AVCodecParameters *parameters, enum AVPacketSideDataType type, void *data, gsize size)
{
  if (data != NULL && av_packet_side_data_add (&parameters->coded_side_data, &parameters->nb_coded_side_data, type, data, size, 0) != NULL)
    return TRUE;
  av_free (data);
  return FALSE;
}

/* (transfer full, av_free) */
static AVMasteringDisplayMetadata *
mastering_new (size_t *size)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT (59, 37, 100)
  return av_mastering_display_metadata_alloc_size (size);
#else
  *size = sizeof (AVMasteringDisplayMetadata);
  return av_mastering_display_metadata_alloc ();
#endif
}

static gboolean
attach_mastering (const GstVideoMasteringDisplayInfo *from, AVCodecParameters *parameters)
{
  size_t size;
  AVMasteringDisplayMetadata *to = mastering_new (&size);

  if (to == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (from->display_primaries); i++) {
    to->display_primaries[i][0] = av_make_q (from->display_primaries[i].x, PLACE);
    to->display_primaries[i][1] = av_make_q (from->display_primaries[i].y, PLACE);
  }
  to->white_point[0] = av_make_q (from->white_point.x, PLACE);
  to->white_point[1] = av_make_q (from->white_point.y, PLACE);
  to->max_luminance = av_make_q (MIN (from->max_display_mastering_luminance, G_MAXINT), CANDELA);
  to->min_luminance = av_make_q (MIN (from->min_display_mastering_luminance, G_MAXINT), CANDELA);
  to->has_primaries = to->has_luminance = 1;
  return attach (parameters, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, to, size);
}

static gboolean
attach_level (const GstVideoContentLightLevel *from, AVCodecParameters *parameters)
{
  size_t size;
  AVContentLightMetadata *to = av_content_light_metadata_alloc (&size);

  if (to == NULL)
    return FALSE;
  to->MaxCLL = from->max_content_light_level;
  to->MaxFALL = from->max_frame_average_light_level;
  return attach (parameters, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, to, size);
}

gboolean
l4_light_from_caps (const GstCaps *caps, AVCodecParameters *parameters)
{
  GstVideoMasteringDisplayInfo mastering;
  GstVideoContentLightLevel level;

  return (!gst_video_mastering_display_info_from_caps (&mastering, caps) || attach_mastering (&mastering, parameters))
      && (!gst_video_content_light_level_from_caps (&level, caps) || attach_level (&level, parameters));
}
